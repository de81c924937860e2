// SPDX-License-Identifier: Apache-2.0
// On files of a scratch directory in place of a cgroup's, where nobody is killed: what is written where, and
// what keeps it from being written. Then in a cgroup, behind the jail's filter: that the kernel kills.
#include "vmm/sandbox/host_oom_kill.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

#include "tests/support/scratch_directory.h"
#include "vmm/jail/system_calls.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class HostOomKillTest : public ::testing::Test {
 protected:
  [[nodiscard]] UniqueFd open(const char* name, int flags = O_RDWR) const {
    return UniqueFd(::open((scratch_ / name).c_str(), flags | O_CLOEXEC));
  }

  void SetUp() override {
    scratch_.write("procs", std::to_string(::getpid()) + "\n");
    scratch_.write("limit", "536870912\n");
    scratch_.write("swap", "max\n");
    scratch_.write("control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
    scratch_.write("usage", "1048576\n");
    scratch_.write("score", "0\n");
  }

  [[nodiscard]] Error die_on_v2() const {
    return HostOomKill({.members = open("procs"),
                        .limit = open("limit"),
                        .swap = open("swap"),
                        .control = {},
                        .usage = {},
                        .score = open("score")})
        .die();
  }
  [[nodiscard]] Error die_on_v1() const {
    return HostOomKill({.members = open("procs"),
                        .limit = open("limit"),
                        .swap = open("swap"),
                        .control = open("control"),
                        .usage = open("usage"),
                        .score = open("score")})
        .die();
  }
  void expect_untouched() const {
    EXPECT_EQ(scratch_.read("limit"), "536870912\n");
    EXPECT_EQ(scratch_.read("swap"), "max\n");
  }

  test::ScratchDirectory scratch_;
};

TEST_F(HostOomKillTest, a_kernel_that_kills_nobody_is_told_of_and_the_limit_is_back) {
  for (const Error& reason : {die_on_v2(), die_on_v1()}) {
    EXPECT_EQ(reason.code, EAGAIN) << reason.message;
    EXPECT_THAT(scratch_.read("limit"), StartsWith("536870912\n"));
    EXPECT_THAT(scratch_.read("swap"), StartsWith("0"));
  }
}

TEST_F(HostOomKillTest, another_member_keeps_the_cgroup_untouched) {
  const std::string self = std::to_string(::getpid()) + "\n";
  for (const std::string& members : {self + "1\n", "1\n" + self, std::string("0\n"), std::string(),
                                     self.substr(0, 1), self + std::string(100000, '\n')}) {
    scratch_.write("procs", members);
    for (const Error& reason : {die_on_v2(), die_on_v1()}) {
      EXPECT_EQ(reason.code, EBUSY) << reason.message;
    }
    expect_untouched();
  }
}

TEST_F(HostOomKillTest, a_disabled_killer_of_v1_is_not_called) {
  for (const char* control : {"oom_kill_disable 1\nunder_oom 0\n", "", "under_oom 0\n"}) {
    scratch_.write("control", control);
    const Error reason = die_on_v1();
    EXPECT_EQ(reason.code, EBUSY);
    EXPECT_THAT(reason.message, HasSubstr("memory.oom_control"));
    expect_untouched();
  }
}

// It does not list a process outside our pid namespace.
TEST_F(HostOomKillTest, on_v1_the_kernel_is_told_whom_to_take) {
  (void)die_on_v1();
  EXPECT_THAT(scratch_.read("score"), StartsWith("1000"));
}

TEST_F(HostOomKillTest, a_score_that_forbids_it_is_raised_and_no_other) {
  scratch_.write("score", "-1000\n");
  (void)die_on_v2();
  EXPECT_THAT(scratch_.read("score"), StartsWith("-999"));
  scratch_.write("score", "-998\n");
  (void)die_on_v2();
  EXPECT_EQ(scratch_.read("score"), "-998\n");
}

TEST_F(HostOomKillTest, a_use_that_is_no_number_is_named) {
  scratch_.write("usage", "much\n");
  EXPECT_THAT(die_on_v1().message, HasSubstr("memory.usage_in_bytes: not a number"));
  EXPECT_THAT(scratch_.read("limit"), StartsWith("536870912\n"));
}

TEST_F(HostOomKillTest, a_limit_that_cannot_be_written_is_named) {
  const Error reason = HostOomKill({.members = open("procs"),
                                    .limit = open("limit", O_RDONLY),
                                    .swap = {},
                                    .control = {},
                                    .usage = {},
                                    .score = open("score")})
                           .die();
  EXPECT_EQ(reason.code, EBADF);
  EXPECT_THAT(reason.message, HasSubstr("memory limit"));
}

TEST_F(HostOomKillTest, no_cgroup_is_told_apart_from_one_that_is_not_there) {
  const auto none = HostOomKill::open("");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ENOTSUP);
  EXPECT_FALSE(HostOomKill::open(scratch_ / "gone"));
}

// A memory cgroup of this host, of either version, for as long as the object lives.
class MemoryCgroup {
 public:
  MemoryCgroup() {
    std::ifstream mounts("/proc/mounts");
    std::string device, point, type, options, rest;
    while (mounts >> device >> point >> type >> options && std::getline(mounts, rest)) {
      const bool is_v1 = type == "cgroup" && ("," + options + ",").find(",memory,") != std::string::npos;
      if (is_v1 || (type == "cgroup2" && path_.empty())) {
        path_ = point + "/caisson-oom-test." + std::to_string(::getpid());
      }
      if (is_v1) break;
    }
    is_made_ = !path_.empty() && ::mkdir(path_.c_str(), 0755) == 0;
  }
  MemoryCgroup(const MemoryCgroup&) = delete;
  MemoryCgroup& operator=(const MemoryCgroup&) = delete;
  ~MemoryCgroup() {
    if (is_made_) ::rmdir(path_.c_str());
  }

  [[nodiscard]] bool is_usable() const { return is_made_ && kills() >= 0; }
  [[nodiscard]] const std::string& path() const { return path_; }
  void join() const { std::ofstream(path_ + "/cgroup.procs") << "0" << std::flush; }
  [[nodiscard]] long kills() const {
    for (const char* file : {"/memory.events", "/memory.oom_control"}) {
      std::ifstream lines(path_ + file);
      std::string key;
      for (long value = 0; lines >> key >> value;) {
        if (key == "oom_kill") return value;
      }
    }
    return -1;
  }

 private:
  std::string path_;
  bool is_made_ = false;
};

TEST(HostOomKillInCgroup, the_kernel_kills_its_caller_in_the_jail_and_counts_it) {
  const MemoryCgroup cgroup;
  if (!cgroup.is_usable()) {
    GTEST_SKIP() << "host: no memory cgroup can be made here";
  }
  for (const JailKind kind : {JailKind::child_machine, JailKind::own_machine}) {
    const long before = cgroup.kills();
    const pid_t pid = ::fork();
    if (pid == 0) {
      cgroup.join();
      const auto kill = HostOomKill::open(cgroup.path());
      const bool closed = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && allow_system_calls(kind);
      if (kill && closed) {
        std::fputs(kill->die().message.c_str(), stderr);
      }
      ::_exit(kill && closed ? 1 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status)) << "exit code " << WEXITSTATUS(status);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_EQ(cgroup.kills(), before + 1);
  }
}

}  // namespace
}  // namespace caisson::vmm
