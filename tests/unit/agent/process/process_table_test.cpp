// SPDX-License-Identifier: Apache-2.0
// Processes without a container, in namespaces of the test's own.
#include "agent/process/process_table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <optional>

#include "protocol/agent/agent.pb.h"
#include "tests/support/in_namespaces.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::agent {
namespace {

class ProcessTableTest : public LoopTest {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
    process_.set_cwd("/");
    for (const char* word : {"/bin/busybox", "sh", "-c", "exit 0"}) {
      process_.add_args(word);
    }
  }
  void shell(const std::string& script) { process_.set_args(3, script); }
  ProcessSpec order(uint64_t token) const {
    return {.token = token, .container = "c", .plan = {.process = &process_}};
  }
  // Launches it and waits until it runs or could not be made.
  Result<void> launch(uint64_t token) { return launch(order(token)); }
  Result<void> launch(ProcessSpec wanted) {
    std::optional<Result<void>> settled;
    TRY(table_.launch(std::move(wanted), [&](Result<void> outcome) {
      settled = std::move(outcome);
      loop_->stop();
    }));
    while (!settled) {
      EXPECT_TRUE(loop_->run());
    }
    return *settled;
  }
  // Waits for the end of some child and tells the table.
  void reap_one() {
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    table_.reap();
  }
  // What a waiter was told: the exit code, or minus the errno.
  ProcessTable::Waiter note(std::optional<int>& told) const {
    return [&told](const Result<ExitStatus>& exit) {
      told = exit ? static_cast<int>(exit->exit_code) : -exit.error().code;
    };
  }

  v1::Process process_;
  std::vector<uint64_t> ended_;
  ProcessTable table_{*loop_, [this](Process& process) { ended_.push_back(process.token()); }};
};

TEST_F(ProcessTableTest, end_is_told_to_who_waited_before_and_to_who_asks_later) {
  test::in_namespaces([this] {
    std::optional<int> before;
    std::optional<int> after;
    ASSERT_TRUE(table_.wait(7, note(before)));
    shell("exit 3");
    ASSERT_TRUE(launch(7));
    EXPECT_FALSE(before);
    reap_one();
    EXPECT_EQ(before, 3);
    ASSERT_TRUE(table_.wait(7, note(after)));
    EXPECT_EQ(after, 3);
    EXPECT_EQ(ended_, std::vector<uint64_t>{7});
  });
}

TEST_F(ProcessTableTest, token_is_not_0_and_is_used_once) {
  test::in_namespaces([this] {
    EXPECT_EQ(launch(0).error().message, "launch process: token is 0");
    ASSERT_TRUE(launch(7));
    const auto again = launch(7);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, EEXIST);
    EXPECT_EQ(table_.find(8).error().code, ESRCH);
    reap_one();
  });
}

TEST_F(ProcessTableTest, process_that_could_not_be_made_leaves_its_token_and_who_waits_for_it) {
  test::in_namespaces([this] {
    std::optional<int> told;
    ASSERT_TRUE(table_.wait(7, note(told)));
    process_.set_args(0, "/absent");
    const auto failed = launch(7);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "exec: \"/absent\": stat /absent: no such file or directory");
    reap_one();
    EXPECT_EQ(table_.find(7).error().code, ESRCH);
    EXPECT_FALSE(told);
    process_.set_args(0, "/bin/busybox");
    shell("exit 4");
    ASSERT_TRUE(launch(7));
    reap_one();
    EXPECT_EQ(told, 4);
  });
}

TEST_F(ProcessTableTest, stream_that_came_first_gets_what_the_process_says) {
  test::in_namespaces([this] {
    SocketPair host;
    ASSERT_TRUE(table_.attach({.kind = StreamKind::standard_output, .process = 7}, std::move(host.theirs)));
    SocketPair other;
    ASSERT_TRUE(table_.attach({.kind = StreamKind::standard_error, .process = 7}, std::move(other.theirs)));
    process_.set_attach_stdout(true);
    shell("echo said");
    ASSERT_TRUE(launch(7));
    EXPECT_EQ(read_from(host.ours), "said\n");
    EXPECT_EQ(read_from(other.ours), "") << "the process has no such stream";
    reap_one();
  });
}

TEST_F(ProcessTableTest, who_waits_for_what_never_comes_are_so_many_and_no_more) {
  for (uint64_t token = 1; token <= 1024; ++token) {
    ASSERT_TRUE(table_.wait(token, [](const Result<ExitStatus>&) {}));
  }
  const auto refused = table_.wait(1, [](const Result<ExitStatus>&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EAGAIN);
  EXPECT_EQ(refused.error().message, "wait for process: too many wait already");
}

TEST_F(ProcessTableTest, who_waits_for_a_process_of_a_container_that_is_deleted_is_told) {
  test::in_namespaces([this] {
    shell("/bin/busybox sleep 1000");
    ASSERT_TRUE(launch(7));
    ProcessSpec other = order(8);
    other.container = "other";
    ASSERT_TRUE(launch(std::move(other)));
    std::optional<int> told;
    std::optional<int> kept;
    ASSERT_TRUE(table_.wait(7, note(told)));
    ASSERT_TRUE(table_.wait(8, note(kept)));
    EXPECT_EQ(table_.of_container("c").size(), 1U);
    table_.forget_container("c");
    EXPECT_EQ(told, -ESRCH);
    EXPECT_FALSE(kept);
    EXPECT_TRUE(table_.of_container("c").empty());
    EXPECT_EQ(table_.of_container("other").size(), 1U);
  });
}

TEST_F(ProcessTableTest, orphan_is_collected_and_is_nobodys) {
  test::in_namespaces([this] {
    if (::fork() == 0) {
      ::_exit(1);
    }
    reap_one();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_TRUE(ended_.empty());
  });
}

}  // namespace
}  // namespace caisson::agent
