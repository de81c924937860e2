// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "protocol/sandbox/exit_record.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// One whose machine is this process: it runs, and nothing here signals it.
ContainerState running() {
  ContainerState state;
  state.id = "box";
  state.oci_version = "1.0.2";
  state.status = Status::running;
  state.vmm = *ProcessIdentity::of(::getpid());
  return state;
}

ContainerState ended() {
  ContainerState state = running();
  state.vmm = {};
  return state;
}

class Inventory : public ::testing::Test {
 protected:
  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
};

TEST(Explain, end_that_is_not_its_own_doing_is_told) {
  ContainerState state = ended();
  explain(state, to_text({.exit_code = 137, .out_of_memory = true}), "silent");
  EXPECT_THAT(state.annotations, ElementsAre(Pair("org.caisson.ended", "out of memory")));
}

TEST(Explain, silence_is_told_of_one_that_runs_made_harmless) {
  ContainerState state = running();
  explain(state, "", "since\n\033[2Jnoon");
  EXPECT_THAT(state.annotations, ElementsAre(Pair("org.caisson.guest", "since??[2Jnoon")));
}

TEST(Explain, nothing_said_is_nothing_told) {
  ContainerState running_one = running();
  explain(running_one, "", "");
  EXPECT_TRUE(running_one.annotations.empty());
  ContainerState ended_one = ended();
  explain(ended_one, "", "silent");
  explain(ended_one, "no json", "");
  EXPECT_TRUE(ended_one.annotations.empty());
}

TEST_F(Inventory, half_made_one_is_shown_as_stopped) {
  ASSERT_TRUE(root_.reserve("box"));
  const ContainerState state = state_or_guess(root_, "box");
  EXPECT_EQ(state.id, "box");
  EXPECT_EQ(state.current_status(), Status::stopped);
}

TEST_F(Inventory, record_is_shown_as_it_is) {
  const auto locked = root_.reserve("box");
  ContainerState state = running();
  state.bundle = "/b";
  ASSERT_TRUE(locked && locked->directory().save(state));
  EXPECT_EQ(state_or_guess(root_, "box").bundle, "/b");
  EXPECT_EQ(state_or_guess(root_, "box").current_status(), Status::running);
}

TEST_F(Inventory, names_are_those_of_the_root) {
  EXPECT_THAT(container_ids(root_).value(), ElementsAre());
  ASSERT_TRUE(root_.reserve("b"));
  ASSERT_TRUE(root_.reserve("a"));
  EXPECT_THAT(container_ids(root_).value(), ElementsAre("a", "b"));
}

TEST_F(Inventory, state_of_none_is_an_error) {
  EXPECT_EQ(explained_state(root_, "box").error().code, ENOENT);
}

TEST_F(Inventory, outputs_of_the_machine_are_read_for_the_state) {
  const auto locked = root_.reserve("box");
  ASSERT_TRUE(locked && locked->directory().save(running()));
  scratch_.write("root/box/vmm/silence", "since noon");
  const auto state = explained_state(root_, "box");
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_THAT(state->annotations, ElementsAre(Pair("org.caisson.guest", "since noon")));
}

}  // namespace
}  // namespace caisson::runtime
