// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/sysctl.h"

#include <gmock/gmock.h>
#include <sched.h>

namespace caisson::runtime::oci {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& key, std::vector<Namespace> namespaces) {
  Linux config;
  config.sysctl = {{key, "1"}};
  config.namespaces = std::move(namespaces);
  const auto checked = check_sysctls(config);
  return checked ? "" : checked.error().message;
}

TEST(Sysctl, of_a_namespace_that_is_not_the_containers_own_is_refused) {
  EXPECT_THAT(refusal("kernel.msgmax", {}), HasSubstr("linux.sysctl[\"kernel.msgmax\"]"));
  EXPECT_THAT(refusal("fs.mqueue.queues_max", {{.type = {CLONE_NEWNET}}}), HasSubstr("ipc"));
  EXPECT_THAT(refusal("net.ipv4.ping_group_range", {{.type = {CLONE_NEWIPC}}}), HasSubstr("network"));
  EXPECT_THAT(refusal("net/ipv4/conf/eth0.1/forwarding", {}), HasSubstr("network"));
  EXPECT_THAT(refusal("kernel.domainname", {}), HasSubstr("uts"));
}

TEST(Sysctl, of_an_own_namespace_is_taken) {
  EXPECT_EQ(refusal("kernel.msgmax", {{.type = {CLONE_NEWIPC}}}), "");
  EXPECT_EQ(refusal("net.ipv4.ip_forward", {{.type = {CLONE_NEWNET}}}), "");
  EXPECT_EQ(refusal("kernel.domainname", {{.type = {CLONE_NEWUTS}}}), "");
}

TEST(Sysctl, of_the_guests_kernel_is_taken) {
  EXPECT_EQ(refusal("vm.overcommit_memory", {}), "");
  // Begins like one of a namespace, and is another.
  EXPECT_EQ(refusal("kernel.sem_next_id", {}), "");
}

TEST(Sysctl, host_name_is_refused_whatever_namespace_there_is) {
  EXPECT_THAT(refusal("kernel.hostname", {{.type = {CLONE_NEWUTS}}}), HasSubstr("\"hostname\""));
}

}  // namespace
}  // namespace caisson::runtime::oci
