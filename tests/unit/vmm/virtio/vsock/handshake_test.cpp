// SPDX-License-Identifier: Apache-2.0
// The first line of a client: foreign bytes.
#include "vmm/virtio/vsock/handshake.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "common/unique_fd.h"

namespace caisson::vmm::vsock {
namespace {

TEST(vsock_handshake, malformed_lines_are_refused) {
  for (const char* line :
       {"", "CONNECT", "CONNECT ", "CONNECT x", "CONNECT -1", "CONNECT 1 ", "CONNECT  1", "connect 1",
        "CONNECT 4294967295", "CONNECT 4294967296", "CONNECT 1\r", "GET / HTTP/1.1"}) {
    EXPECT_FALSE(parse_connect(line)) << line;
  }
  EXPECT_EQ(parse_connect("CONNECT 1024").value(), 1024U);
  EXPECT_EQ(parse_connect("CONNECT 4294967294").value(), 4294967294U);
}

TEST(vsock_handshake, line_is_taken_alone_and_whole) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  UniqueFd server(ends[1]);
  EXPECT_FALSE(receive_connect(server.get()).value());
  ASSERT_EQ(::send(client.get(), "CONN", 4, 0), 4);
  EXPECT_FALSE(receive_connect(server.get()).value());
  ASSERT_EQ(::send(client.get(), "ECT 5\nrest", 10, 0), 10);
  EXPECT_EQ(receive_connect(server.get()).value(), 5U);
  std::array<char, 8> rest{};
  EXPECT_EQ(::recv(server.get(), rest.data(), rest.size(), 0), 4);
  EXPECT_STREQ(rest.data(), "rest");
}

TEST(vsock_handshake, line_without_end_is_refused) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd client(ends[0]);
  const UniqueFd server(ends[1]);
  const std::string long_line(kMaxConnectLine, 'C');
  ASSERT_EQ(::send(client.get(), long_line.data(), long_line.size(), 0),
            static_cast<ssize_t>(long_line.size()));
  const auto port = receive_connect(server.get());
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, EPROTO);
}

TEST(vsock_handshake, line_one_byte_short_of_the_limit_is_waited_for) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  const UniqueFd server(ends[1]);
  const std::string start = "CONNECT 7" + std::string(kMaxConnectLine - 10, ' ');
  ASSERT_EQ(::send(client.get(), start.data(), start.size(), 0), static_cast<ssize_t>(start.size()));
  const auto port = receive_connect(server.get());
  ASSERT_TRUE(port);
  EXPECT_FALSE(*port);
}

TEST(vsock_handshake, answer_is_a_line_of_its_own) {
  EXPECT_EQ(connect_answer(4294967294U), "OK 4294967294\n");
}

TEST(vsock_handshake, client_that_leaves_is_an_error) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd client(ends[0]);
  const UniqueFd server(ends[1]);
  client.reset();
  const auto port = receive_connect(server.get());
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, ECONNRESET);
}

}  // namespace
}  // namespace caisson::vmm::vsock
