// SPDX-License-Identifier: Apache-2.0
#include "agent/service/stream_port.h"

#include <gtest/gtest.h>

#include <cstring>

#include "agent/transport/listener.h"
#include "tests/support/scratch_directory.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::agent {
namespace {

std::string bytes_of(const StreamHello& hello) {
  std::string bytes(sizeof(hello), '\0');
  std::memcpy(bytes.data(), &hello, sizeof(hello));
  return bytes;
}

TEST(StreamHello, well_formed_is_taken) {
  const auto hello = parse_hello(bytes_of({.kind = StreamKind::terminal, .process = 7}));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->kind, StreamKind::terminal);
  EXPECT_EQ(hello->process, 7U);
}

TEST(StreamHello, descriptor_goes_with_its_kind_alone) {
  const auto hello = parse_hello(bytes_of({.kind = StreamKind::preserved, .descriptor = 300, .process = 7}));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->descriptor, 300);
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::preserved, .descriptor = 0, .process = 7})));
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::terminal, .descriptor = 3, .process = 7})));
}

TEST(StreamHello, wrong_length_magic_kind_reserved_and_process_are_refused) {
  const std::string good = bytes_of({.kind = StreamKind::standard_output, .process = 1});
  EXPECT_FALSE(parse_hello(good.substr(1)));
  EXPECT_FALSE(parse_hello(good + "x"));
  for (const unsigned offset : {0U, 4U, 5U, 6U, 7U}) {
    std::string bad = good;
    bad.at(offset) = '\xee';
    EXPECT_EQ(parse_hello(bad).error().code, EPROTO) << offset;
  }
  EXPECT_FALSE(parse_hello(bytes_of({.kind = StreamKind::standard_input, .process = 0})));
}

}  // namespace
}  // namespace caisson::agent

namespace caisson::agent {
namespace {

class StreamPortTest : public LoopTest {
 protected:
  // Taken by the port when it returns.
  UniqueFd connect() {
    UniqueFd fd = std::move(connect_to(address_).value());
    turn();
    return fd;
  }
  void say(const UniqueFd& fd, std::string_view bytes) {
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    turn();
  }
  // Whether the port has let go of the connection.
  static bool is_closed(const UniqueFd& fd) {
    char byte = 0;
    return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
  }

  test::ScratchDirectory scratch_;
  std::string address_ = "unix:" + (scratch_ / "streams").string();
  ProcessTable processes_{*loop_, [](Process&) {}};
  std::unique_ptr<StreamPort> port_ =
      std::move(StreamPort::create(*loop_, std::move(listen_on(address_).value()), processes_).value());
  std::string hello_ = bytes_of({.kind = StreamKind::standard_output, .process = 7});
};

TEST_F(StreamPortTest, hello_in_pieces_is_one_and_its_stream_waits_for_its_process) {
  const UniqueFd whole = connect();
  say(whole, hello_);
  const UniqueFd pieces = connect();
  for (const char byte : hello_) {
    say(pieces, std::string(1, byte));
  }
  EXPECT_FALSE(is_closed(whole));
  EXPECT_FALSE(is_closed(pieces));
}

TEST_F(StreamPortTest, connection_that_does_not_greet_is_closed_alone) {
  const UniqueFd good = connect();
  say(good, hello_.substr(0, 3));
  std::string wrong = hello_;
  wrong.at(0) = 'X';
  const UniqueFd bad = connect();
  say(bad, wrong);
  EXPECT_TRUE(is_closed(bad));
  say(good, hello_.substr(3));
  EXPECT_FALSE(is_closed(good));
}

TEST_F(StreamPortTest, connections_that_greet_nobody_are_so_many_and_no_more) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 256; ++i) {
    silent.push_back(connect());
  }
  const UniqueFd late = connect();
  EXPECT_TRUE(is_closed(late));
  EXPECT_FALSE(is_closed(silent.back()));
  silent.erase(silent.begin());
  turn();
  const UniqueFd next = connect();
  say(next, hello_);
  EXPECT_FALSE(is_closed(next));
}

TEST_F(StreamPortTest, streams_that_wait_for_their_process_are_so_many_and_no_more) {
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 64; ++i) {
    waiting.push_back(connect());
    say(waiting.back(), hello_);
    ASSERT_FALSE(is_closed(waiting.back())) << i;
  }
  const UniqueFd late = connect();
  say(late, hello_);
  EXPECT_TRUE(is_closed(late));
}

}  // namespace
}  // namespace caisson::agent
