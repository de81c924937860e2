// SPDX-License-Identifier: Apache-2.0
// The agent as a whole, on this host.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

// CPU time of the agent, the only child of unshare(1), in clock ticks.
uint64_t ticks_of_agent(pid_t parent) {
  std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  pid_t agent = 0;
  children >> agent;
  std::ifstream stat("/proc/" + std::to_string(agent) + "/stat");
  std::string word;
  for (int field = 1; field < 14; ++field) {
    stat >> word;
  }
  uint64_t user = 0;
  uint64_t system = 0;
  stat >> user >> system;
  return user + system;
}

TEST_F(AgentContainer, host_that_lets_go_of_the_events_does_not_keep_the_agent_busy) {
  agent_->close_events();
  ASSERT_TRUE(client_->handshake(soon()));
  const uint64_t before = ticks_of_agent(agent_->pid());
  // No answer is to come: the deadline is the time in which a busy agent would be seen.
  EXPECT_EQ(client_->wait_process(1, agent::deadline_in(std::chrono::seconds(2))).error().code, ETIMEDOUT);
  EXPECT_LE(ticks_of_agent(agent_->pid()) - before, 2U);
}

}  // namespace
}  // namespace caisson::test
