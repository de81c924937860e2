// SPDX-License-Identifier: Apache-2.0
// An agent in the test's own process, which a test reaches from both sides: as the host, by its calls, and
// from within, to put containers there whose cgroups are plain directories. In namespaces of its own, so that
// whatever it signals is the test's.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "agent/service/agent.h"
#include "agent/transport/listener.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "tests/support/in_namespaces.h"

namespace caisson::agent {

class RunningAgent {
 public:
  RunningAgent() {
    for (const char* name : {"/run/cgroups", "/run/exports", "/run/agent"}) {
      std::filesystem::create_directories(name);
    }
    events_ = std::move(listen_on("unix:/run/events").value());
    agent_ = Agent::create(*loop_, {.rpc_address = "unix:/run/rpc",
                                    .stream_address = "unix:/run/streams",
                                    .event_address = "unix:/run/events",
                                    .exports = "/run/exports",
                                    .run_directory = "/run/agent",
                                    .cgroup_root = "/run/cgroups"})
                 .value();
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->run()); });
    UniqueFd connection = std::move(connect_to("unix:/run/rpc").value());
    client_ = std::make_unique<AgentClient>(std::move(connection));
  }
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;
  ~RunningAgent() {
    loop_->stop();
    thread_.join();
  }

  AgentClient& client() { return *client_; }
  Agent& agent() { return *agent_; }
  // On the agent's own thread.
  void within(const EventLoop::Task& task) { loop_->run_sync(task); }

  // A container that has not been created yet, with a cgroup of these files.
  void add_container(const std::string& id, const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, text] : files) {
      write(id, name, text);
    }
    within([&] {
      Container* container = agent_->containers().add(id).value();
      container->cgroup = std::move(Cgroup::create("/run/cgroups", "/" + id).value());
      container->mount_point = "/run/agent/containers/" + id;
    });
  }
  // The same without a cgroup.
  void add_bare_container(const std::string& id) {
    within([&] { (void)agent_->containers().add(id).value(); });
  }
  static void write(const std::string& id, const std::string& name, const std::string& text) {
    std::filesystem::create_directories("/run/cgroups/" + id);
    std::ofstream("/run/cgroups/" + id + "/" + name) << text;
  }
  static std::string read(const std::string& id, const std::string& name) {
    std::ifstream file("/run/cgroups/" + id + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  UniqueFd events_;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
  std::unique_ptr<AgentClient> client_;
};

// A process that does nothing until it is killed.
class IdleProcess {
 public:
  IdleProcess() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) {
        ::pause();
      }
    }
  }
  IdleProcess(const IdleProcess&) = delete;
  IdleProcess& operator=(const IdleProcess&) = delete;
  ~IdleProcess() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  // Waits for its end: the signal that ended it.
  int ended_by() {
    int status = 0;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  static Deadline soon() { return deadline_in(std::chrono::seconds(60)); }
  template <typename Outcome>
  static void expect_refused(const Outcome& outcome, int code, const std::string& message) {
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code);
    EXPECT_EQ(outcome.error().message, message);
  }
};

}  // namespace caisson::agent
