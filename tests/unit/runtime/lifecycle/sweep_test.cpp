// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One that has ended: its number may be another's, its start time is not.
ProcessIdentity dead() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
  }
  const ProcessIdentity identity = *ProcessIdentity::of(pid);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return identity;
}

class Sweep : public ::testing::Test {
 protected:
  // Stopped, and its maker killed.
  ContainerState left_behind(const std::string& id) {
    ContainerState state;
    state.id = id;
    state.oci_version = "1.0.2";
    state.created = timestamp_now();
    state.status = Status::running;
    state.vmm = dead();
    state.maker = dead();
    state.pid_namespace = own_pid_namespace();
    state.is_makers = true;
    return state;
  }
  LockedContainer make(const ContainerState& state) {
    auto locked = root_.reserve(state.id);
    EXPECT_TRUE(locked && locked->directory().save(state));
    return std::move(*locked);
  }
  std::vector<std::string> swept() {
    sweep(root_);
    return *root_.list();
  }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST_F(Sweep, what_a_killed_maker_left_is_taken_away) {
  make(left_behind("a"));
  ContainerState half_made = left_behind("b");
  half_made.status = Status::creating;
  half_made.vmm = {};
  make(half_made);
  EXPECT_THAT(swept(), IsEmpty());
}

TEST_F(Sweep, what_is_others_stays) {
  ContainerState for_an_engine = left_behind("a");
  for_an_engine.is_makers = false;
  make(for_an_engine);
  ContainerState attended = left_behind("b");
  attended.maker = *ProcessIdentity::of(::getpid());
  make(attended);
  ContainerState running = left_behind("c");
  running.vmm = *ProcessIdentity::of(::getpid());
  make(running);
  ContainerState elsewhere = left_behind("d");
  elsewhere.pid_namespace += 1;
  make(elsewhere);
  EXPECT_THAT(swept(), ElementsAre("a", "b", "c", "d"));
}

TEST_F(Sweep, what_somebody_works_on_is_left_and_not_waited_for) {
  const LockedContainer locked = make(left_behind("a"));
  EXPECT_THAT(swept(), ElementsAre("a"));
}

TEST_F(Sweep, no_root_is_nothing_to_do) {
  EXPECT_THAT(swept(), IsEmpty());
}

}  // namespace
}  // namespace caisson::runtime
