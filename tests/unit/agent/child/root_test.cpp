// SPDX-License-Identifier: Apache-2.0
// The root file system of a container.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, root_is_left_as_it_was_and_the_old_one_is_gone) {
  const Outcome outcome = run_shell("ls /; mount | wc -l; ls /proc/1/root/bin/busybox");
  EXPECT_NE(outcome.out.find("bin\ndev\netc\nproc\nroot\nsys\ntmp\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

TEST_F(AgentContainer, read_only_root_refuses_writes_and_dev_stays_writable) {
  auto request = container_request("c", 1, {"sh", "-c", "touch /x; echo $?; touch /dev/shm/x; echo $?"});
  request.mutable_root()->set_read_only(true);
  EXPECT_EQ(run(request).out, "1\n0\n");
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

TEST_F(AgentContainer, throw_away_layer_keeps_writes_from_the_export) {
  auto request = container_request("c", 1, {"sh", "-c", "echo x >/x; cat /x"});
  request.mutable_root()->set_ephemeral_overlay(true);
  const Outcome outcome = run(request);
  EXPECT_EQ(outcome.out, "x\n") << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

}  // namespace
}  // namespace caisson::test
