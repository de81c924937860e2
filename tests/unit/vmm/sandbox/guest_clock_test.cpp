// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/guest_clock.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <ctime>
#include <thread>
#include <vector>

#include "common/ttrpc/frame.h"
#include "common/ttrpc/ttrpc.pb.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::vmm {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Manner = GuestClock::Manner;

nanoseconds host_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

// An agent on a thread of its own, whose clock is the host's and an offset.
class GuestClockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    client_.emplace(UniqueFd(fds[0]));
    peer_.reset(fds[1]);
    agent_ = std::thread([this] { serve(); });
  }
  void TearDown() override {
    client_.reset();
    agent_.join();
  }

  void serve() {
    ttrpc::FrameReader reader;
    std::array<char, 4096> bytes{};
    ssize_t size = 0;
    while ((size = ::recv(peer_.get(), bytes.data(), bytes.size(), 0)) > 0) {
      reader.feed({bytes.data(), static_cast<size_t>(size)});
      for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
        answer(**frame);
      }
    }
  }
  void answer(const ttrpc::Frame& frame) {
    ttrpc::wire::Request envelope;
    agent::v1::AdjustClockRequest request;
    ASSERT_TRUE(envelope.ParseFromString(frame.payload) && request.ParseFromString(envelope.payload()));
    offset_ += nanoseconds(request.step_ns() + request.slew_ns());
    requests_.push_back(request);
    agent::v1::AdjustClockResponse response;
    response.set_time_ns(nonsense_ != 0 ? nonsense_ : (host_time() + offset_).count());
    ttrpc::wire::Response reply;
    reply.set_payload(response.SerializeAsString());
    const auto encoded =
        ttrpc::encode_frame(frame.header.stream, ttrpc::FrameType::response, reply.SerializeAsString());
    ASSERT_EQ(::send(peer_.get(), encoded->data(), encoded->size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(encoded->size()));
  }
  Result<void> synchronise(Manner manner) {
    return clock_.synchronise(*client_, manner, agent::deadline_in(10s));
  }
  // Only between two calls.
  [[nodiscard]] bool has_stepped() const { return !requests_.empty() && requests_.back().step_ns() != 0; }
  [[nodiscard]] bool has_slewed() const { return !requests_.empty() && requests_.back().slew_ns() != 0; }

  std::optional<agent::AgentClient> client_;
  UniqueFd peer_;
  std::thread agent_;
  GuestClock clock_;
  nanoseconds offset_{0};
  int64_t nonsense_ = 0;
  std::vector<agent::v1::AdjustClockRequest> requests_;
};

TEST_F(GuestClockTest, one_that_is_behind_is_stepped_to_the_host_s_time) {
  offset_ = -1300ms;
  ASSERT_TRUE(synchronise(Manner::at_once));
  EXPECT_TRUE(has_stepped());
  EXPECT_LT(std::chrono::abs(offset_), 10ms);  // a busy host answers late
  EXPECT_LE(requests_.size(), 9U);
}

TEST_F(GuestClockTest, one_that_is_right_is_left_alone) {
  ASSERT_TRUE(synchronise(Manner::at_once));
  EXPECT_FALSE(has_stepped());
  EXPECT_FALSE(clock_.is_due());
}

TEST_F(GuestClockTest, one_that_has_drifted_never_goes_back) {
  ASSERT_TRUE(synchronise(Manner::at_once));
  offset_ = 60ms;
  ASSERT_TRUE(synchronise(Manner::by_and_by));
  EXPECT_TRUE(has_slewed());
  EXPECT_FALSE(has_stepped());
  EXPECT_LT(std::chrono::abs(offset_), 10ms);
}

TEST_F(GuestClockTest, one_that_is_far_off_is_stepped_all_the_same) {
  ASSERT_TRUE(synchronise(Manner::at_once));
  offset_ = 3600s;
  ASSERT_TRUE(synchronise(Manner::by_and_by));
  EXPECT_TRUE(has_stepped());
}

TEST_F(GuestClockTest, a_guest_that_tells_nonsense_ends_the_attempt) {
  for (const int64_t time : {int64_t{-1}, INT64_MIN, INT64_MAX}) {
    nonsense_ = time;
    EXPECT_FALSE(synchronise(Manner::at_once));
  }
  EXPECT_TRUE(clock_.is_due());
}

TEST_F(GuestClockTest, a_guest_that_tells_another_time_each_time_is_asked_a_few_times) {
  for (const int64_t time : {int64_t{1}, int64_t{1} << 62}) {
    nonsense_ = time;
    (void)synchronise(Manner::by_and_by);
  }
  EXPECT_LE(requests_.size(), 18U);
}

}  // namespace
}  // namespace caisson::vmm
