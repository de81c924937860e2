// SPDX-License-Identifier: Apache-2.0
#include "agent/child/clone.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::agent {
namespace {

// Processes that run to their end: one more of a container, in the namespaces of the test.
class ChildClone : public ChildSteps {
 protected:
  void shell(const std::string& script) {
    plan_.container = nullptr;
    process_.set_cwd("/");
    for (const std::string& word :
         {std::string("/bin/busybox"), std::string("sh"), std::string("-c"), script}) {
      process_.add_args(word);
    }
  }
  static int status_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }
};

TEST_F(ChildClone, runs_its_steps_and_then_its_program) {
  test::in_namespaces([this] {
    shell("exit 7");
    const auto cloned = clone_child(plan_, 0, control_.child);
    ASSERT_TRUE(cloned) << cloned.error().message;
    EXPECT_TRUE(cloned->pidfd);
    const int status = status_of(cloned->pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
    EXPECT_EQ(control_.agent.receive().error().code, EAGAIN) << "it told of an error";
  });
}

TEST_F(ChildClone, first_step_that_fails_is_told_and_is_the_last) {
  test::in_namespaces([this] {
    shell("echo x >/tmp/ran");
    process_.set_cwd("/absent");
    const auto cloned = clone_child(plan_, 0, control_.child);
    ASSERT_TRUE(cloned);
    EXPECT_EQ(WEXITSTATUS(status_of(cloned->pid)), 127);
    const auto told = control_.agent.receive();
    ASSERT_TRUE(told && *told);
    EXPECT_EQ((*told)->kind, ControlKind::error);
    EXPECT_EQ((*told)->error.code, ENOENT);
    EXPECT_TRUE((*told)->error.message.starts_with("chdir to cwd (\"/absent\")")) << (*told)->error.message;
    EXPECT_FALSE(std::filesystem::exists("/tmp/ran"));
  });
}

TEST_F(ChildClone, is_born_into_the_namespaces_asked_for) {
  test::in_namespaces([this] {
    shell("/bin/busybox readlink /proc/self/ns/uts >/tmp/uts");
    const auto cloned = clone_child(plan_, CLONE_NEWUTS, control_.child);
    ASSERT_TRUE(cloned);
    EXPECT_EQ(status_of(cloned->pid), 0);
    EXPECT_NE(read_file("/tmp/uts"), std::filesystem::read_symlink("/proc/self/ns/uts").string() + "\n");
  });
}

TEST_F(ChildClone, joins_a_process_namespace_and_leaves_the_agent_where_it_was) {
  test::in_namespaces([this] {
    const auto own = std::filesystem::read_symlink("/proc/self/ns/pid");
    ASSERT_EQ(::unshare(CLONE_NEWPID), 0);
    const pid_t first = ::fork();
    if (first == 0) {
      ::pause();
      ::_exit(0);
    }
    const UniqueFd back(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::setns(back.get(), CLONE_NEWPID), 0);
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, first, 0)));
    plan_.joins = {{.pidfd = pidfd.get(), .kinds = CLONE_NEWPID}};
    shell("echo $$ >/tmp/pid");
    const auto cloned = clone_child(plan_, 0, control_.child);
    ASSERT_TRUE(cloned) << cloned.error().message;
    EXPECT_EQ(status_of(cloned->pid), 0);
    EXPECT_EQ(read_file("/tmp/pid"), "2\n");
    EXPECT_EQ(std::filesystem::read_symlink("/proc/self/ns/pid_for_children"), own);
    ::kill(first, SIGKILL);
    (void)status_of(first);
  });
}

TEST_F(ChildClone, namespace_that_cannot_be_joined_makes_no_child) {
  test::in_namespaces([this] {
    const UniqueFd no_namespace = open_path("/tmp");
    plan_.joins = {{.pidfd = no_namespace.get(), .kinds = CLONE_NEWPID}};
    shell("echo x >/tmp/ran");
    const auto refused = clone_child(plan_, 0, control_.child);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message.starts_with("join process namespace: "));
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

}  // namespace
}  // namespace caisson::agent
