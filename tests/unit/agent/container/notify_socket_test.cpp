// SPDX-License-Identifier: Apache-2.0
#include "agent/container/notify_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

TEST(NotifyMessage, only_a_whole_line_ready_is_ready) {
  for (const char* ready : {"READY=1", "READY=1\n", "STATUS=up\nREADY=1", "A=b\nREADY=1\nC=d"}) {
    EXPECT_TRUE(says_ready(ready)) << ready;
  }
  for (const char* other :
       {"", "\n", "READY=", "READY=0", "READY=11", "XREADY=1", "READY=1 ", "STATUS=READY=1"}) {
    EXPECT_FALSE(says_ready(other)) << other;
  }
  EXPECT_FALSE(says_ready(std::string_view("READY=1\0", 8)));
}

class NotifySocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
    auto made = NotifySocket::create(*loop_, directory(), [this] { ++ready_; });
    ASSERT_TRUE(made) << made.error().message;
    socket_ = std::move(*made);
  }
  void TearDown() override {
    socket_.reset();
    EXPECT_FALSE(std::filesystem::exists(directory()));
  }

  [[nodiscard]] std::string directory() const { return scratch_ / "notify"; }
  void send(std::string_view message) const {
    const UniqueFd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strcpy(to.sun_path, (directory() + "/notify").c_str());
    ASSERT_EQ(::sendto(sender.get(), message.data(), message.size(), 0,
                       reinterpret_cast<const sockaddr*>(&to), sizeof(to)),
              static_cast<ssize_t>(message.size()));
  }

  test::ScratchDirectory scratch_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<NotifySocket> socket_;
  int ready_ = 0;
};

TEST_F(NotifySocketTest, ready_is_told_once) {
  send("STATUS=starting");
  send("");
  send("READY=1");
  send("READY=1");
  socket_->drain();
  socket_->drain();
  EXPECT_EQ(ready_, 1);
}

TEST_F(NotifySocketTest, what_is_longer_than_a_message_may_be_is_cut) {
  send(std::string(5000, 'x') + "\nREADY=1");
  socket_->drain();
  EXPECT_EQ(ready_, 0);
  send("READY=1\n" + std::string(5000, 'x'));
  socket_->drain();
  EXPECT_EQ(ready_, 1);
}

TEST_F(NotifySocketTest, a_directory_that_is_taken_is_refused_and_a_deep_one_is_not) {
  EXPECT_EQ(NotifySocket::create(*loop_, directory(), [] {}).error().code, EEXIST);
  const std::string deep = scratch_ / std::string(200, 'd');
  {
    const auto made = NotifySocket::create(*loop_, deep, [] {});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(std::filesystem::is_socket(deep + "/notify"));
  }
  EXPECT_FALSE(std::filesystem::exists(deep));
}

}  // namespace
}  // namespace caisson::agent
