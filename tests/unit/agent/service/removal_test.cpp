// SPDX-License-Identifier: Apache-2.0
// Containers that are taken away.
#include "agent/service/removal.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, deleted_container_can_be_made_again_under_its_id) {
  for (uint64_t token = 1; token <= 3; ++token) {
    ASSERT_TRUE(client_->create_container(container_request("c", token, {"sleep", "1000"}), soon()));
    EXPECT_EQ(client_->create_container(container_request("c", token + 50, {"true"}), soon()).error().code,
              EEXIST);
    ASSERT_TRUE(client_->delete_container("c", soon()));
  }
  EXPECT_TRUE(client_->delete_container("c", soon())) << "idempotent";
  EXPECT_EQ(client_->start_container("c", soon()).error().code, ENOENT);
  EXPECT_EQ(client_->signal_process("c", 1, SIGTERM, soon()).error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, container_is_there_until_the_kernel_has_collected_all_of_it) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {{"cgroup.events", "populated 1\n"}, {"cgroup.kill", ""}});
    std::filesystem::create_directories("/run/agent/containers/c");
    std::filesystem::create_directories("/run/agent/containers/c.sockets");
    running.within([&] {
      Agent& agent = running.agent();
      Container& container = *agent.containers().find("c").value();
      int gone = 0;
      remove_container(agent, container, [&] { ++gone; });
      EXPECT_EQ(running.read("c", "cgroup.kill"), "1");
      remove_container(agent, container, [&] { ++gone; });
      continue_removal(agent, container);
      EXPECT_EQ(gone, 0);
      EXPECT_TRUE(agent.containers().find("c"));
      for (const char* name : {"cgroup.events", "cgroup.kill"}) {
        std::filesystem::remove(std::string("/run/cgroups/c/") + name);
      }
      continue_removal(agent, container);
      EXPECT_EQ(gone, 2) << "each who asked is told";
      EXPECT_EQ(agent.containers().find("c").error().code, ENOENT);
    });
    for (const char* path :
         {"/run/cgroups/c", "/run/agent/containers/c", "/run/agent/containers/c.sockets"}) {
      EXPECT_FALSE(std::filesystem::exists(path)) << path;
    }
  });
}

TEST_F(ServiceTest, container_that_nobody_removes_is_left_alone) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_container("c", {});
    running.within([&] {
      continue_removal(running.agent(), *running.agent().containers().find("c").value());
      EXPECT_TRUE(running.agent().containers().find("c"));
    });
  });
}

}  // namespace
}  // namespace caisson::agent
