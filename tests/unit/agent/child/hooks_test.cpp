// SPDX-License-Identifier: Apache-2.0
// startContainer hooks.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, start_hook_sees_the_state_and_its_failure_fails_the_start) {
  auto request = container_request("c", 1, {"cat", "/tmp/state"});
  request.set_created_state_json("{\"id\":\"c\"}");
  auto* hook = request.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "/bin/cat >/tmp/state"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(request).out, "{\"id\":\"c\"}");

  auto failing = container_request("d", 2, {"true"});
  hook = failing.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "exit 3"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(failing).err, "error running startContainer hook #0: exit status 3, stdout: , stderr: ");
}

TEST_F(AgentContainer, start_hook_that_a_signal_ends_is_told_by_its_name) {
  auto request = container_request("c", 1, {"true"});
  auto* hook = request.add_start_container_hooks();
  hook->set_path("/bin/sh");
  for (const char* word : {"sh", "-c", "kill -SYS $$"}) {
    hook->add_args(word);
  }
  EXPECT_EQ(run(request).err,
            "error running startContainer hook #0: signal: bad system call, stdout: , stderr: ");
}

}  // namespace
}  // namespace caisson::test
