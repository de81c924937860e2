// SPDX-License-Identifier: Apache-2.0
// startContainer hooks.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

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

namespace caisson::agent {
namespace {

class ChildHooks : public ChildSteps {
 protected:
  v1::Hook& add_shell(const std::string& script) {
    v1::Hook& hook = *request_.add_start_container_hooks();
    hook.set_path("/bin/busybox");
    for (const std::string& word : {std::string("sh"), std::string("-c"), script}) {
      hook.add_args(word);
    }
    return hook;
  }
};

TEST_F(ChildHooks, first_that_fails_ends_them_and_is_named) {
  test::in_namespaces([this] {
    add_shell("echo 1 >/tmp/one");
    add_shell("echo said; echo wrong >&2; exit 3");
    add_shell("echo 3 >/tmp/three");
    expect_error(run_start_hooks(child_), ECANCELED,
                 "error running startContainer hook #1: exit status 3, stdout: said, stderr: wrong");
    EXPECT_TRUE(std::filesystem::exists("/tmp/one"));
    EXPECT_FALSE(std::filesystem::exists("/tmp/three"));
  });
}

TEST_F(ChildHooks, past_its_time_it_is_killed) {
  test::in_namespaces([this] {
    add_shell("echo $$ >/tmp/pid; exec /bin/busybox sleep 1000").set_timeout_seconds(1);
    expect_error(run_start_hooks(child_), ETIMEDOUT,
                 "error running startContainer hook #0: timed out after 1 s, stdout: , stderr: ");
    EXPECT_EQ(::kill(std::stoi(read_file("/tmp/pid")), 0), -1);
    EXPECT_EQ(errno, ESRCH);
  });
}

TEST_F(ChildHooks, no_more_than_a_kibibyte_of_its_words_is_told) {
  test::in_namespaces([this] {
    add_shell("/bin/busybox yes | /bin/busybox head -c 3000 | /bin/busybox tr -d '\\n'; exit 1");
    const auto outcome = run_start_hooks(child_);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "error running startContainer hook #0: exit status 1, stdout: " +
                                           std::string(1024, 'y') + ", stderr: ");
  });
}

TEST_F(ChildHooks, gets_the_state_the_environment_and_what_its_program_may_do) {
  test::in_namespaces([this] {
    request_.set_created_state_json("{\"id\":\"c\"}");
    child_.environment = {"WHO=container"};
    process_.set_no_new_privileges(true);
    add_shell(
        "/bin/busybox cat >/tmp/state; echo $WHO >/tmp/who; "
        "/bin/busybox grep -E 'CapEff|NoNew' /proc/self/status >/tmp/status");
    add_shell("echo $WHO >/tmp/other").add_env("WHO=hook");
    ASSERT_TRUE(run_start_hooks(child_));
    EXPECT_EQ(read_file("/tmp/state"), "{\"id\":\"c\"}");
    EXPECT_EQ(read_file("/tmp/who"), "container\n");
    EXPECT_EQ(read_file("/tmp/other"), "hook\n");
    EXPECT_EQ(read_file("/tmp/status"), "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n");
    EXPECT_EQ(status("NoNewPrivs"), "0") << "it is the hook that is confined, not who waits for it";
  });
}

TEST_F(ChildHooks, that_cannot_be_executed_or_confined_is_an_error) {
  test::in_namespaces([this] {
    request_.add_start_container_hooks()->set_path("/absent");
    expect_error(run_start_hooks(child_), ECANCELED,
                 "error running startContainer hook #0: exit status 127, stdout: , stderr: ");
    request_.clear_start_container_hooks();
    add_shell("echo x >/tmp/ran");
    process_.set_apparmor_profile("profile");
    EXPECT_EQ(run_start_hooks(child_).error().code, ECANCELED);
    EXPECT_FALSE(std::filesystem::exists("/tmp/ran"));
  });
}

}  // namespace
}  // namespace caisson::agent
