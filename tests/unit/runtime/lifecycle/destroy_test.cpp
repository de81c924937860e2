// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/destroy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/child_process.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class Destroy : public ::testing::Test {
 protected:
  ContainerState record() {
    ContainerState state;
    state.id = "box";
    state.oci_version = "1.0.2";
    state.bundle = scratch_.path();
    state.status = Status::running;
    state.vmm = ProcessIdentity::of(machine_.pid()).value();
    EXPECT_TRUE(directory().save(state));
    return state;
  }
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_->directory(); }
  // With a hook after the end that writes what it is given to `file`.
  void configure(const std::string& file) {
    EXPECT_TRUE(directory().write(
        "config.json",
        R"({"ociVersion":"1.0.2","root":{"path":"r"},"hooks":{"poststop":[{"path":"/bin/sh","args":["sh","-c",)"
        R"("cat >)" +
            (scratch_ / file).string() + R"("]}]}})"));
  }

  test::ChildProcess machine_;
  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
  Result<LockedContainer> locked_ = root_.reserve("box");
};

TEST_F(Destroy, machine_is_killed_and_waited_for) {
  const ContainerState state = record();
  ASSERT_TRUE(kill_machine(state));
  EXPECT_FALSE(state.vmm.is_alive());
  EXPECT_EQ(::waitpid(machine_.pid(), nullptr, WNOHANG), -1) << "our child is reaped";
}

TEST_F(Destroy, machine_that_has_gone_is_fine) {
  const ContainerState state = record();
  machine_.end();
  EXPECT_TRUE(kill_machine(state));
  EXPECT_TRUE(kill_machine(ContainerState()));
}

TEST_F(Destroy, another_process_by_the_machines_number_is_left_alone) {
  ContainerState state = record();
  ++state.vmm.start_time;
  EXPECT_TRUE(kill_machine(state));
  EXPECT_FALSE(machine_.ended_by());
}

TEST_F(Destroy, machine_cgroups_and_directory_go) {
  ContainerState state = record();
  std::filesystem::create_directories(scratch_ / "cgroup/inner");
  state.cgroups = {scratch_ / "cgroup", scratch_ / "never-made"};
  ASSERT_TRUE(remove_remains(directory(), state));
  EXPECT_FALSE(state.vmm.is_alive());
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "cgroup"));
  EXPECT_FALSE(std::filesystem::exists(directory().path()));
}

TEST_F(Destroy, directory_stays_until_all_else_has_gone) {
  ContainerState state = record();
  std::filesystem::create_directories(scratch_ / "cgroup");
  scratch_.write("cgroup/file", "");
  state.cgroups = {scratch_ / "cgroup"};
  EXPECT_FALSE(remove_remains(directory(), state));
  EXPECT_TRUE(directory().load()) << "whoever comes next goes by it";
}

TEST_F(Destroy, hooks_after_the_end_are_told_that_it_has_ended) {
  const ContainerState state = record();
  configure("told");
  ASSERT_TRUE(destroy_container(directory(), state));
  EXPECT_THAT(scratch_.read("told"), ::testing::HasSubstr(R"("status":"stopped")"));
  EXPECT_FALSE(std::filesystem::exists(directory().path()));
}

TEST_F(Destroy, remains_go_without_their_hooks) {
  const ContainerState state = record();
  configure("told");
  ASSERT_TRUE(remove_remains(directory(), state));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "told"));
}

TEST_F(Destroy, configuration_that_cannot_be_read_does_not_keep_it) {
  const ContainerState state = record();
  ASSERT_TRUE(directory().write("config.json", "{"));
  ASSERT_TRUE(destroy_container(directory(), state));
  EXPECT_FALSE(std::filesystem::exists(directory().path()));
}

}  // namespace
}  // namespace caisson::runtime
