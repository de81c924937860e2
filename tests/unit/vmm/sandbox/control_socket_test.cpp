// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

class ControlSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    auto control = ControlSocket::open(
        *loop_, directory_, [this](ControlSocket::Request request) { return answer(std::move(request)); },
        [this](ControlSocket::Client client) {
          gone_.push_back(client);
          loop_->stop();
        });
    ASSERT_TRUE(control) << control.error().message;
    control_ = std::move(*control);
  }
  Result<std::string> answer(ControlSocket::Request request) {
    askers_.push_back(request.client);
    if (request.verb == Verb::serve) {
      served_ = std::move(request);
      return std::string();
    }
    if (request.verb == Verb::counters) {
      return "\"count\":" + std::to_string(askers_.size());
    }
    return fail(EINVAL, "not now");
  }

  [[nodiscard]] UniqueFd call() const {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strcpy(to.sun_path, (directory_ + "/control.sock").c_str());
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    return socket;
  }

  // What is answered to `text`, sent with `count` descriptors, until we hang up, and the other side has seen
  // that.
  std::string talk(const std::string& text, size_t count = 0) {
    std::string answers;
    std::thread client([this, &text, &answers, count] {
      const UniqueFd socket = call();
      send(socket.get(), text, count);
      ::shutdown(socket.get(), SHUT_WR);
      std::array<char, 512> buffer{};
      for (ssize_t got = 1; got > 0;
           answers.append(buffer.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)))) {
        got = ::read(socket.get(), buffer.data(), buffer.size());
      }
    });
    EXPECT_TRUE(loop_->run());
    client.join();
    return answers;
  }

  static void send(int socket, const std::string& text, size_t count) {
    iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
    const std::vector<int> fds(count, STDIN_FILENO);
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (count > 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* const rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(count * sizeof(int));
      std::memcpy(CMSG_DATA(rights), fds.data(), count * sizeof(int));
    }
    (void)::sendmsg(socket, &message, MSG_NOSIGNAL);
  }
  static size_t open_descriptors() {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
  }

  test::ScratchDirectory scratch_;
  std::string directory_ = scratch_.path();
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ControlSocket> control_;
  std::vector<ControlSocket::Client> askers_;
  std::vector<ControlSocket::Client> gone_;
  std::optional<ControlSocket::Request> served_;
};

TEST_F(ControlSocketTest, files_come_with_their_names) {
  EXPECT_EQ(talk("{\"verb\":\"serve\",\"names\":[\"a\",\"b\"]}\n", 2), "{\"ok\":true}\n");
  ASSERT_TRUE(served_);
  EXPECT_EQ(served_->names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(served_->descriptors.size(), 2U);
}

TEST_F(ControlSocketTest, descriptors_without_a_name_for_each_are_closed) {
  const size_t before = open_descriptors();
  for (const char* text : {"{\"verb\":\"serve\"}\n", "{\"verb\":\"serve\",\"names\":[\"a\"]}\n",
                           "{\"verb\":\"serve\",\"names\":[1,2]}\n", "{\"verb\":\"fly\"}\n", "x\n",
                           "{\"verb\":\"serve\",\"names\":{\"a\":1,\"b\":2}}\n"}) {
    EXPECT_NE(talk(text, 2).find("\"error\""), std::string::npos) << text;
  }
  talk("{\"verb\":\"counters\"}\n", 2);
  talk("no line", 2);
  EXPECT_FALSE(served_);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ControlSocketTest, too_many_descriptors_are_hung_up_on) {
  const size_t before = open_descriptors();
  EXPECT_EQ(talk("{\"verb\":\"serve\",\"names\":[]}\n", kMostServed + 1), "");
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ControlSocketTest, one_too_many_waits_until_another_has_hung_up) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 64; ++i) silent.push_back(call());
  const UniqueFd last = call();
  send(last.get(), "{\"verb\":\"counters\"}\n", 0);
  loop_->post([&silent] { silent.pop_back(); });
  ASSERT_TRUE(loop_->run());  // until that has been seen
  ASSERT_EQ(gone_.size(), 1U);
  EXPECT_TRUE(askers_.empty());
  ::shutdown(last.get(), SHUT_WR);
  ASSERT_TRUE(loop_->run());
  EXPECT_EQ(askers_.size(), 1U);
  std::array<char, 64> answer{};
  EXPECT_GT(::read(last.get(), answer.data(), answer.size()), 0);
}

TEST_F(ControlSocketTest, one_line_is_answered_by_one) {
  EXPECT_EQ(talk("{\"verb\":\"counters\"}\n"), "{\"count\":1,\"ok\":true}\n");
  EXPECT_EQ(talk("{\"verb\":\"counters\"}\n{\"verb\":\"counters\"}\n"),
            "{\"count\":2,\"ok\":true}\n{\"count\":3,\"ok\":true}\n");
}

TEST_F(ControlSocketTest, who_asked_is_named_when_he_hangs_up) {
  talk("{\"verb\":\"counters\"}\n");
  EXPECT_EQ(gone_, askers_);
}

TEST_F(ControlSocketTest, what_is_no_verb_is_an_error) {
  for (const char* text :
       {"\n", "x\n", "[]\n", "{}\n", "{\"verb\":5}\n", "{\"verb\":\"fly\"}\n", "\"verb\"\n"}) {
    EXPECT_NE(talk(text).find("\"error\""), std::string::npos) << text;
  }
}

TEST_F(ControlSocketTest, a_line_without_end_is_hung_up_on) {
  EXPECT_EQ(talk(std::string(5000, 'x')), "");
  EXPECT_EQ(gone_.size(), 1U);
}

}  // namespace
}  // namespace caisson::vmm
