// SPDX-License-Identifier: Apache-2.0
// Signals to the processes of containers.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, signal_ends_it_with_128_plus_n) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  const auto exit = client_->wait_process(1, soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, 137U);
  EXPECT_EQ(exit->signal, 9U);
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, signal_to_all_reaches_every_process_of_the_cgroup_and_one_that_ended_is_no_error) {
  test::in_namespaces([] {
    RunningAgent running;
    IdleProcess one;
    IdleProcess two;
    const IdleProcess outside;
    running.add_container(
        "c", {{"cgroup.procs", std::to_string(one.pid()) + "\n4000000\n" + std::to_string(two.pid()) + "\n"},
              {"cgroup.kill", ""}});
    ASSERT_TRUE(running.client().signal_all("c", SIGUSR1, soon()));
    EXPECT_EQ(one.ended_by(), SIGUSR1);
    EXPECT_EQ(two.ended_by(), SIGUSR1);
    EXPECT_EQ(::kill(outside.pid(), 0), 0);
    EXPECT_EQ(running.read("c", "cgroup.kill"), "");
    ASSERT_TRUE(running.client().signal_all("c", SIGKILL, soon()));
    EXPECT_EQ(running.read("c", "cgroup.kill"), "1") << "one that forks would be missed";
  });
}

TEST_F(ServiceTest, signal_that_there_is_not_and_process_that_there_is_not_are_refused) {
  test::in_namespaces([] {
    RunningAgent running;
    const IdleProcess one;
    running.add_container("c", {{"cgroup.procs", std::to_string(one.pid()) + "\n"}});
    for (const int number : {65, 1000, -1}) {
      expect_refused(running.client().signal_all("c", number, soon()), EINVAL,
                     "signal process: no such signal " + std::to_string(static_cast<uint32_t>(number)));
    }
    EXPECT_TRUE(running.client().signal_all("c", 0, soon()));
    expect_refused(running.client().signal_process("c", 0, SIGTERM, soon()), ESRCH,
                   "signal process: none yet");
    expect_refused(running.client().signal_process("c", 9, SIGTERM, soon()), ESRCH,
                   "find process 9: no such process");
    expect_refused(running.client().signal_process("other", 9, SIGTERM, soon()), ENOENT,
                   "find container other: no such container");
    EXPECT_EQ(::kill(one.pid(), 0), 0);
    EXPECT_TRUE(running.client().signal_all("c", 64, soon())) << "the last there is";
  });
}

}  // namespace
}  // namespace caisson::agent
