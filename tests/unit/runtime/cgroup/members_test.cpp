// SPDX-License-Identifier: Apache-2.0
// Files stand in for the kernel's; the processes named in them are children of the test.
#include "runtime/cgroup/members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

class CgroupMembers : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<pid_t> processes() const { return processes_of(cgroup_.path()); }

  test::ScratchDirectory cgroup_;
};

TEST_F(CgroupMembers, are_one_a_line) {
  cgroup_.write("cgroup.procs", "1\n23\n4194304\n");
  EXPECT_THAT(processes(), ElementsAre(1, 23, 4194304));
  cgroup_.write("cgroup.procs", "7");
  EXPECT_THAT(processes(), ElementsAre(7));
}

TEST_F(CgroupMembers, of_none_are_none) {
  EXPECT_THAT(processes(), ElementsAre());
  cgroup_.write("cgroup.procs", "");
  EXPECT_THAT(processes(), ElementsAre());
}

TEST_F(CgroupMembers, what_is_no_number_ends_them) {
  cgroup_.write("cgroup.procs", "5\nx\n6\n");
  EXPECT_THAT(processes(), ElementsAre(5));
}

TEST_F(CgroupMembers, empty_cgroup_is_empty_at_once) {
  EXPECT_TRUE(empty_cgroup(cgroup_.path()));
}

// The kernel takes an ended process out of the list; here the list is a FIFO that has it once.
TEST_F(CgroupMembers, are_killed_and_waited_for) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  const std::string list = cgroup_ / "cgroup.procs";
  ASSERT_EQ(::mkfifo(list.c_str(), 0600), 0);
  const UniqueFd reader(::open(list.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  {
    const UniqueFd writer(::open(list.c_str(), O_WRONLY | O_CLOEXEC));
    const std::string text = std::to_string(child) + "\n";
    ASSERT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  const auto emptied = empty_cgroup(cgroup_.path());
  int status = 0;
  const pid_t ended = ::waitpid(child, &status, WNOHANG);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(emptied) << emptied.error().message;
  EXPECT_EQ(ended, child) << "it was waited for";
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace caisson::runtime
