// SPDX-License-Identifier: Apache-2.0
// The answer of vsock.sock to whoever asks for a port of the guest: in whatever pieces it comes, and whatever
// follows.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "common/socket_path.h"
#include "protocol/agent/agent_client.h"
#include "tests/support/scratch_directory.h"

namespace caisson::test {
namespace {

class GuestPortTest : public ::testing::Test {
 protected:
  GuestPortTest() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketPath place = SocketPath::of(path_).value();
    EXPECT_EQ(::bind(listener_.get(), place.address(), SocketPath::size()), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
  }

  static std::string take(int fd, size_t bytes) {
    std::string text(bytes, '\0');
    const ssize_t n = ::recv(fd, text.data(), bytes, MSG_WAITALL);
    text.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return text;
  }
  // What the caller gets from a server that says `pieces`, one after the other.
  Result<UniqueFd> connect(std::vector<std::string> pieces) {
    std::thread server([&] {
      const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
      EXPECT_EQ(take(client.get(), 13), "CONNECT 1025\n");
      for (const std::string& piece : pieces) {
        EXPECT_EQ(::send(client.get(), piece.data(), piece.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(piece.size()));
      }
    });
    auto outcome = agent::connect_guest_port(path_, 1025, agent::deadline_in(std::chrono::seconds(20)));
    server.join();
    return outcome;
  }

  ScratchDirectory scratch_;
  std::string path_ = scratch_ / "vsock.sock";
  UniqueFd listener_;
};

TEST_F(GuestPortTest, what_follows_the_answer_is_left_to_the_caller) {
  const auto whole = connect({"OK 1073741833\nrest\n"});
  ASSERT_TRUE(whole);
  EXPECT_EQ(take(whole->get(), 5), "rest\n");
  const auto pieces = connect({"O", "K 10", "73\nre", "st\n"});
  ASSERT_TRUE(pieces);
  EXPECT_EQ(take(pieces->get(), 5), "rest\n");
}

TEST_F(GuestPortTest, answer_that_is_none_is_refused) {
  EXPECT_EQ(connect({}).error().code, ECONNREFUSED);
  EXPECT_EQ(connect({"OK 10"}).error().code, ECONNREFUSED);
  EXPECT_EQ(connect({"NO 1073\n"}).error().code, EPROTO);
  EXPECT_EQ(connect({"OK " + std::string(40, '1') + "\n"}).error().code, EPROTO);
}

// The server answers none until all have asked.
TEST_F(GuestPortTest, streams_are_asked_for_together) {
  std::thread server([&] {
    std::array<UniqueFd, 3> clients;
    for (UniqueFd& client : clients) {
      client = UniqueFd(::accept(listener_.get(), nullptr, nullptr));
      EXPECT_EQ(take(client.get(), 13), "CONNECT 1025\n");
    }
    for (size_t i = 0; i < clients.size(); ++i) {
      EXPECT_EQ(::send(clients.at(i).get(), "OK 1\n", 5, MSG_NOSIGNAL), 5);
      const std::string hello = take(clients.at(i).get(), sizeof(agent::StreamHello));
      EXPECT_EQ(hello.substr(0, 4), "CAS1");
      EXPECT_EQ(hello.at(4), static_cast<char>(i));
    }
  });
  const std::array<agent::StreamHello, 3> hellos = {
      agent::StreamHello{.kind = agent::StreamKind::standard_input, .process = 7},
      agent::StreamHello{.kind = agent::StreamKind::standard_output, .process = 7},
      agent::StreamHello{.kind = agent::StreamKind::standard_error, .process = 7}};
  const auto streams = agent::open_streams(path_, hellos, agent::deadline_in(std::chrono::seconds(20)));
  ASSERT_TRUE(streams);
  EXPECT_EQ(streams->size(), 3U);
  server.join();
}

}  // namespace
}  // namespace caisson::test
