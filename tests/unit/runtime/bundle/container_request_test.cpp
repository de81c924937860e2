// SPDX-License-Identifier: Apache-2.0
// What the guest is asked for a bundle, and what is refused before any guest starts.
#include "runtime/bundle/container_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/runtime/bundle/planned_bundle.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

class ContainerRequest : public PlannedBundle {};

TEST_F(ContainerRequest, rootfs_is_an_exclusive_export) {
  ASSERT_TRUE(plan());
  ASSERT_EQ(exports_.entries().size(), 1U);
  EXPECT_EQ(exports_.entries()[0].name, request_.root().export_name());
  EXPECT_TRUE(exports_.entries()[0].exclusive);
}

TEST_F(ContainerRequest, missing_rootfs_is_refused) {
  config_.root.path = "nowhere";
  EXPECT_THAT(error(), HasSubstr("open root file system"));
}

TEST_F(ContainerRequest, rootfs_that_is_a_file_is_refused) {
  config_.root.path = "/etc/passwd";
  EXPECT_THAT(error(), HasSubstr("Not a directory"));
}

TEST_F(ContainerRequest, namespace_of_the_host_is_refused_but_for_the_network) {
  config_.linux_.namespaces = {{.type = {CLONE_NEWNET}, .path = "/proc/self/ns/net"},
                               {.type = {CLONE_NEWIPC}, .path = "/proc/self/ns/ipc"}};
  EXPECT_THAT(error(), HasSubstr("linux.namespaces[1].path"));
}

TEST_F(ContainerRequest, network_namespace_stays_on_the_host) {
  config_.linux_.namespaces = {{.type = {CLONE_NEWNET}}, {.type = {CLONE_NEWPID}}};
  ASSERT_TRUE(plan());
  ASSERT_EQ(request_.namespaces_size(), 1);
  EXPECT_EQ(request_.namespaces(0).kind(), uint64_t{CLONE_NEWPID});
}

TEST_F(ContainerRequest, process_that_is_missing_is_one_that_never_starts) {
  config_.process.reset();
  ASSERT_TRUE(plan());
  EXPECT_TRUE(request_.init().without_program());
}

}  // namespace
}  // namespace caisson::runtime
