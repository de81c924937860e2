// SPDX-License-Identifier: Apache-2.0
// A process from its clone to its end; those that wait for their start in containers of the real agent.
#include "agent/process/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "protocol/agent/agent.pb.h"
#include "tests/support/agent_container.h"
#include "tests/support/in_namespaces.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::agent {
namespace {

class ProcessTest : public LoopTest {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    process_.set_cwd("/");
  }
  void shell(const std::string& script) {
    for (const std::string& word :
         {std::string("/bin/busybox"), std::string("sh"), std::string("-c"), script}) {
      process_.add_args(word);
    }
  }
  ProcessSpec order() const { return {.token = 7, .container = "c", .plan = {.process = &process_}}; }
  // Running, or failed.
  std::shared_ptr<Process> launch(ProcessSpec wanted) {
    const auto process = Process::launch(*loop_, std::move(wanted), [this](Result<void> outcome) {
      settled_ = std::move(outcome);
      loop_->stop();
    });
    EXPECT_TRUE(process) << process.error().message;
    while (!settled_) {
      EXPECT_TRUE(loop_->run());
    }
    return *process;
  }
  static void end(Process& process) {
    int status = 0;
    ASSERT_EQ(::waitpid(process.pid(), &status, 0), process.pid());
    process.note_exit(status);
  }
  static std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  v1::Process process_;
  std::optional<Result<void>> settled_;
};

TEST_F(ProcessTest, runs_and_ends_with_its_code) {
  test::in_namespaces([this] {
    shell("exit 9");
    const auto process = launch(order());
    EXPECT_TRUE(*settled_);
    EXPECT_TRUE(process->is_executed());
    EXPECT_FALSE(process->exit());
    EXPECT_EQ(process->start([](Result<void>) {}).error().code, EBUSY);
    end(*process);
    EXPECT_EQ(process->exit()->exit_code, 9U);
    EXPECT_EQ(process->exit()->signal, 0U);
    const auto late = process->signal(SIGTERM);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ESRCH);
    EXPECT_EQ(late.error().message, "signal process: it has ended");
  });
}

TEST_F(ProcessTest, that_a_signal_ends_has_the_signals_code) {
  test::in_namespaces([this] {
    shell("/bin/busybox sleep 1000");
    const auto process = launch(order());
    ASSERT_TRUE(process->signal(SIGUSR1));
    end(*process);
    EXPECT_EQ(process->exit()->exit_code, 128U + SIGUSR1);
    EXPECT_EQ(process->exit()->signal, uint32_t{SIGUSR1});
    EXPECT_FALSE(process->exit()->out_of_memory);
  });
}

TEST_F(ProcessTest, that_cannot_be_set_up_tells_why_and_has_failed) {
  test::in_namespaces([this] {
    process_.add_args("/absent");
    const auto process = launch(order());
    ASSERT_FALSE(*settled_);
    EXPECT_EQ(settled_->error().code, ENOENT);
    EXPECT_TRUE(process->is_failed());
    EXPECT_FALSE(process->is_executed());
    end(*process);
  });
}

TEST_F(ProcessTest, bad_standard_descriptors_make_no_process) {
  test::in_namespaces([this] {
    shell("exit 0");
    process_.add_standard()->set_number(3);
    const auto refused = Process::launch(*loop_, order(), [](Result<void>) { ADD_FAILURE(); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "pass descriptor 3: bad number");
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1) << "there is one";
  });
}

TEST_F(ProcessTest, oom_score_and_owner_of_its_pipes_are_as_asked_for) {
  test::in_namespaces([this] {
    process_.set_oom_score_adj(321);
    process_.set_attach_stdout(true);
    shell("/bin/busybox cat /proc/self/oom_score_adj; /bin/busybox stat -L -c %g /proc/self/fd/1");
    ProcessSpec wanted = order();
    wanted.root = {.uid = 1000, .gid = 1001};
    const auto process = launch(std::move(wanted));
    SocketPair host;
    ASSERT_TRUE(process->attach({.kind = StreamKind::standard_output, .process = 7}, std::move(host.theirs)));
    std::string said;
    for (std::string part = read_from(host.ours); !part.empty(); part = read_from(host.ours)) {
      said += part;
    }
    EXPECT_EQ(said, "321\n1001\n");
    end(*process);
    process_.set_oom_score_adj(1001);
    const auto refused = Process::launch(*loop_, order(), [](Result<void>) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EINVAL);
    EXPECT_TRUE(refused.error().message.starts_with("set oom score: write /proc/"));
  });
}

}  // namespace
}  // namespace caisson::agent

namespace caisson::test {
namespace {

TEST_F(AgentContainer, signal_to_one_that_waits_for_its_start_ends_it_if_it_asks_for_the_end) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"true"}), soon()));
  for (const int number : {SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD, SIGWINCH}) {
    ASSERT_TRUE(client_->signal_process("c", 1, number, soon()));
  }
  EXPECT_EQ(client_->list_processes("c", soon())->processes_size(), 1);
  ASSERT_TRUE(client_->signal_process("c", 1, SIGTERM, soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->signal, uint32_t{SIGKILL});
}

TEST_F(AgentContainer, start_is_once) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  const auto again = client_->start_container("c", soon());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EBUSY);
  EXPECT_EQ(again.error().message, "start container: it is not in the state created");
}

}  // namespace
}  // namespace caisson::test
