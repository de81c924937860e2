// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/statistics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "protocol/agent/agent.pb.h"
#include "tests/support/fake_sandbox.h"

namespace caisson::runtime {
namespace {

class Statistics : public ::testing::Test {
 protected:
  void make(const ProcessIdentity& vmm) {
    const auto locked = root_.reserve("box");
    ContainerState state;
    state.id = "box";
    state.oci_version = "1.0.2";
    state.status = Status::running;
    state.vmm = vmm;
    ASSERT_TRUE(locked && locked->directory().save(state));
  }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST_F(Statistics, are_of_a_container_that_runs) {
  make(*ProcessIdentity::of(::getpid()));
  const auto directory = find_running(root_, "box");
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_EQ(directory->path(), (scratch_.path() / "root/box").string());
}

TEST_F(Statistics, one_that_has_ended_has_none) {
  make({});
  const auto directory = find_running(root_, "box");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ESRCH);
  EXPECT_EQ(directory.error().message, "container with id box is not running");
}

TEST_F(Statistics, of_none_say_so) {
  EXPECT_EQ(find_running(root_, "box").error().code, ENOENT);
}

TEST_F(Statistics, cannot_be_followed_once_it_has_ended) {
  make({});
  const auto followed = follow_statistics(*root_.find("box"), std::chrono::hours(1),
                                          [](const CgroupFiles&) { FAIL() << "there are none"; });
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ESRCH);
}

class StatisticsInGuest : public ::testing::Test {
 protected:
  StatisticsInGuest() {
    agent::v1::ContainerStatsResponse response;
    (*response.mutable_files())["pids.current"] = "7\n";
    sandbox_.answer("ContainerStats", response);
  }

  test::FakeSandbox sandbox_;
};

TEST_F(StatisticsInGuest, are_the_files_of_its_cgroup) {
  sandbox_.record(Status::running);
  const auto files = statistics_of(sandbox_.directory());
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(*files, (CgroupFiles{{"pids.current", "7\n"}}));
}

TEST_F(StatisticsInGuest, of_a_paused_one_wake_its_guest) {
  sandbox_.record(Status::paused);
  ASSERT_TRUE(statistics_of(sandbox_.directory()));
  EXPECT_EQ(sandbox_.heard(), (std::vector<std::string>{"vmm wake: paused", "ContainerStats: paused"}));
}

TEST_F(StatisticsInGuest, are_followed_until_its_end) {
  sandbox_.record(Status::running);
  int seen = 0;
  const auto followed =
      follow_statistics(sandbox_.directory(), std::chrono::milliseconds(1), [&](const CgroupFiles& files) {
        EXPECT_EQ(files.size(), 1U);
        if (++seen == 3) ::kill(sandbox_.machine().pid(), SIGKILL);
      });
  ASSERT_TRUE(followed) << followed.error().message;
  EXPECT_GE(seen, 3);
}

}  // namespace
}  // namespace caisson::runtime
