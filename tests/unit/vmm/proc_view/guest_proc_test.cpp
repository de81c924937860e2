// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/guest_proc.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/status.h"
#include "common/ttrpc/ttrpc.pb.h"
#include "tests/unit/vmm/proc_view/process_texts.h"

namespace caisson::vmm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{50};

// An agent on the same loop, which answers as it is told.
class GuestProcTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = std::move(EventLoop::create().value());
    proc_.emplace(
        *loop_, "c", [this] { loop_->post([this] { connect(); }); }, kPatience);
  }
  void TearDown() override {
    proc_.reset();
    hang_up();
  }

  void connect() {
    ++connections_;
    if (!is_ready_) {
      proc_->take(fail(EAGAIN, "not ready"));
      return;
    }
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    hang_up();
    peer_.reset(fds[1]);
    reader_ = {};
    questions_ = loop_->watch(peer_.get(), EPOLLIN, [this](uint32_t) { take_questions(); }).value();
    proc_->take(agent::AgentClient(UniqueFd(fds[0])));
  }
  void hang_up() {
    questions_.reset();
    peer_.reset();
  }
  void take_questions() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
    if (size <= 0) {
      hang_up();
      return;
    }
    reader_.feed({bytes.data(), static_cast<size_t>(size)});
    while (const auto frame = reader_.next().value()) {
      ttrpc::wire::Request envelope;
      ASSERT_TRUE(envelope.ParseFromString(frame->payload));
      EXPECT_EQ(envelope.method(), "ReadProc");
      agent::v1::ReadProcRequest request;
      ASSERT_TRUE(request.ParseFromString(envelope.payload()));
      EXPECT_EQ(request.container(), "c");
      asked_.push_back(request.pid());
      if (answers_) {
        answer(frame->header.stream, request.pid());
      }
    }
  }
  void answer(uint32_t stream, uint32_t pid) {
    ttrpc::wire::Response envelope;
    if (pid == 404) {
      ttrpc::put_error(Error{.code = ESRCH, .message = "gone"}, *envelope.mutable_status());
    } else if (pid == 500) {
      ttrpc::put_error(Error{.code = ENOMEM, .message = "bad"}, *envelope.mutable_status());
    } else {
      auto response = test::process_response(says_ == 0 ? pid : says_);
      envelope.set_payload(response.SerializeAsString());
    }
    const std::string bytes =
        ttrpc::encode_frame(stream, ttrpc::FrameType::response, envelope.SerializeAsString()).value();
    // In two pieces, the second later.
    send(bytes.substr(0, 5));
    rest_ = loop_->after(milliseconds(1), [this, rest = bytes.substr(5)] { send(rest); });
  }
  void send(const std::string& bytes) const {
    if (peer_) {
      ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
    }
  }

  // What it came to, 0 for an answer; the loop runs until `wanted_` have come.
  void ask(uint32_t pid) {
    proc_->ask(pid, [this](const ProcAnswer& answer) {
      outcomes_.push_back(answer ? 0 : answer.error().code);
      if (outcomes_.size() == wanted_ && loop_->is_on_loop_thread()) {
        loop_->stop();
      }
    });
  }
  std::vector<int> outcomes_of(const std::vector<uint32_t>& pids) {
    outcomes_.clear();
    wanted_ = pids.size();
    for (const uint32_t pid : pids) {
      ask(pid);
    }
    if (outcomes_.size() < wanted_) {
      EXPECT_TRUE(loop_->run());
    }
    return outcomes_;
  }
  void run_for(milliseconds time) {
    const Timer end = loop_->after(time, [this] { loop_->stop(); });
    ASSERT_TRUE(loop_->run());
  }

  using Outcomes = std::vector<int>;
  std::unique_ptr<EventLoop> loop_;
  std::optional<GuestProc> proc_;
  UniqueFd peer_;
  Watch questions_;
  ttrpc::FrameReader reader_;
  std::vector<uint32_t> asked_;
  std::vector<int> outcomes_;
  size_t wanted_ = 0;
  int connections_ = 0;
  bool answers_ = true;
  bool is_ready_ = true;
  uint32_t says_ = 0;
  Timer rest_;  // of an answer
};

TEST_F(GuestProcTest, nothing_is_connected_until_somebody_asks) {
  run_for(milliseconds(5));
  EXPECT_EQ(connections_, 0);
}

TEST_F(GuestProcTest, questions_are_answered_in_order_over_one_connection) {
  EXPECT_EQ(outcomes_of({1, 7, 9}), (Outcomes{0, 0, 0}));
  EXPECT_EQ(asked_, (std::vector<uint32_t>{1, 7, 9}));
  EXPECT_EQ(connections_, 1);
}

TEST_F(GuestProcTest, file_after_file_of_one_process_is_one_question) {
  EXPECT_EQ(outcomes_of({7}), (Outcomes{0}));
  EXPECT_EQ(outcomes_of({7, 7}), (Outcomes{0, 0}));
  EXPECT_EQ(asked_, (std::vector<uint32_t>{7}));
}

TEST_F(GuestProcTest, process_that_is_not_there_and_agent_that_fails_are_told_apart) {
  EXPECT_EQ(outcomes_of({404, 500, 7}), (Outcomes{ENOENT, EIO, 0}));
}

TEST_F(GuestProcTest, answer_about_another_process_or_nonsense_is_an_error_and_no_more) {
  says_ = 8;
  EXPECT_EQ(outcomes_of({7}), (Outcomes{EIO}));
  says_ = 0;
  answers_ = false;
  wanted_ = 1;
  outcomes_.clear();
  ask(7);
  const Timer nonsense = loop_->after(milliseconds(5), [this] { send(std::string(64, '\xff')); });
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(outcomes_, (Outcomes{EIO}));
  answers_ = true;
  EXPECT_EQ(outcomes_of({7}), (Outcomes{0}));
}

TEST_F(GuestProcTest, silent_guest_costs_all_who_stand_in_line_its_patience_once) {
  answers_ = false;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(outcomes_of({1, 2, 3}), (Outcomes{ETIMEDOUT, ETIMEDOUT, ETIMEDOUT}));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kPatience);
  EXPECT_EQ(asked_, (std::vector<uint32_t>{1}));
  answers_ = true;
  EXPECT_EQ(outcomes_of({1}), (Outcomes{ETIMEDOUT})) << "the kernel asks twice for one name";
  run_for(milliseconds(1100));
  EXPECT_EQ(outcomes_of({4}), (Outcomes{0}));
}

TEST_F(GuestProcTest, more_in_line_than_can_be_are_sent_away) {
  answers_ = false;
  const Outcomes outcomes = outcomes_of(std::vector<uint32_t>(300, 7));
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), EAGAIN), 44);
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), ETIMEDOUT), 256);
}

TEST_F(GuestProcTest, guest_that_is_not_ready_is_not_waited_for) {
  is_ready_ = false;
  EXPECT_EQ(outcomes_of({1}), (Outcomes{EAGAIN}));
  is_ready_ = true;
  EXPECT_EQ(outcomes_of({1}), (Outcomes{0}));
}

TEST_F(GuestProcTest, machine_that_is_held_is_not_waited_for_either) {
  answers_ = false;
  wanted_ = 1;
  ask(7);
  const Timer hold = loop_->after(milliseconds(5), [this] { proc_->suspend(); });
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(outcomes_, (Outcomes{EAGAIN}));
  EXPECT_EQ(outcomes_of({7}), (Outcomes{EAGAIN}));
  proc_->resume();
  answers_ = true;
  EXPECT_EQ(outcomes_of({7}), (Outcomes{0}));
}

TEST_F(GuestProcTest, connection_that_ends_between_questions_is_made_anew) {
  EXPECT_EQ(outcomes_of({1}), (Outcomes{0}));
  hang_up();
  run_for(milliseconds(5));
  EXPECT_EQ(outcomes_of({2}), (Outcomes{0}));
  EXPECT_EQ(connections_, 2);
}

}  // namespace
}  // namespace caisson::vmm
