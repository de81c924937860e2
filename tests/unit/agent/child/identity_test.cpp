// SPDX-License-Identifier: Apache-2.0
// Who a process of a container is, and what it may do.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, user_groups_umask_and_capabilities_are_those_asked_for) {
  auto request =
      container_request("c", 1, {"sh", "-c", "id; umask; grep -E 'Cap|NoNew|Seccomp:' /proc/self/status"});
  auto& init = *request.mutable_init();
  init.mutable_user()->set_uid(1000);
  init.mutable_user()->set_gid(1001);
  init.mutable_user()->add_additional_gids(5);
  init.mutable_user()->add_additional_gids(6);
  init.mutable_user()->set_umask(027);
  init.mutable_capabilities()->set_inheritable(0x400);
  init.mutable_capabilities()->set_ambient(0x400);
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("uid=1000 gid=1001 groups=5,6\n0027\n"), std::string::npos) << outcome.out;
  for (const char* line :
       {"CapInh:\t0000000000000400", "CapPrm:\t0000000000000400", "CapEff:\t0000000000000400",
        "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000400", "NoNewPrivs:\t1"}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos) << line << "\n" << outcome.out;
  }
}

TEST_F(AgentContainer, no_capabilities_asked_for_are_none_at_all) {
  auto request = container_request("c", 1, {"grep", "Cap", "/proc/self/status"});
  request.mutable_init()->clear_capabilities();
  const Outcome outcome = run(request);
  EXPECT_NE(outcome.out.find("CapBnd:\t0000000000000000"), std::string::npos) << outcome.out << outcome.err;
}

TEST_F(AgentContainer, seccomp_filter_applies_with_and_without_no_new_privileges) {
  // Kills mkdir (83 on x86-64) by EPERM; allows the rest.
  const auto instruction = [](uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &code, 2);
    bytes[2] = static_cast<char>(jt);
    bytes[3] = static_cast<char>(jf);
    std::memcpy(bytes.data() + 4, &k, 4);
    return bytes;
  };
  const std::string filter = instruction(0x20, 0, 0, 0) + instruction(0x15, 0, 1, 83) +
                             instruction(0x06, 0, 0, 0x00050001) + instruction(0x06, 0, 0, 0x7fff0000);
  for (const bool no_new_privileges : {true, false}) {
    auto request = container_request("c", no_new_privileges ? 1 : 2, {"sh", "-c", "mkdir /tmp/no; echo $?"});
    request.mutable_init()->set_no_new_privileges(no_new_privileges);
    request.mutable_init()->mutable_seccomp()->set_filter(filter);
    EXPECT_EQ(run(request).out, "1\n");

    auto hooked = container_request(no_new_privileges ? "d" : "e", no_new_privileges ? 3 : 4, {"true"});
    hooked.mutable_init()->set_no_new_privileges(no_new_privileges);
    hooked.mutable_init()->mutable_seccomp()->set_filter(filter);
    auto* hook = hooked.add_start_container_hooks();
    hook->set_path("/bin/sh");
    for (const char* word : {"sh", "-c", "mkdir /tmp/no || exit 7"}) {
      hook->add_args(word);
    }
    EXPECT_EQ(run(hooked).err,
              "error running startContainer hook #0: exit status 7, stdout: , stderr: "
              "mkdir: can't create directory '/tmp/no': Operation not permitted");
  }
}

}  // namespace
}  // namespace caisson::test
