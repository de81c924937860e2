// SPDX-License-Identifier: Apache-2.0
// What one peer may send, and how much of it at once.
#include "common/ttrpc/connection.h"

#include <array>
#include <optional>

#include "common/ttrpc/frame.h"
#include "tests/unit/common/ttrpc/server_fixture.h"

namespace caisson::ttrpc {
namespace {

TEST_F(TtrpcServer, requests_past_the_limit_in_flight_are_refused) {
  serve({{"Hold", hold()}}, {.requests_in_flight = 2});
  Client client(connect(), "test.Service");
  wire::KeyValue message;
  ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
  ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
  EXPECT_EQ(call(client, "Hold", "").error().code, EAGAIN);
}

TEST_F(TtrpcServer, malformed_frames_close_only_their_connection) {
  serve({{"Echo", echo()}});
  Client good(connect(), "test.Service");
  const std::vector<std::string> bad = {
      std::string("\xff\xff\xff\xff\0\0\0\1\1\0", 10),              // too long
      std::string("\0\0\0\0\0\0\0\2\1\0", 10),                      // even stream
      std::string("\0\0\0\0\0\0\0\1\2\0", 10),                      // a response
      std::string("\0\0\0\0\0\0\0\1\3\0", 10),                      // data outside a stream
      std::string("\0\0\0\1\0\0\0\1\1\0\xff", 11),                  // no protobuf
      std::string("\0\0\0\0\0\0\0\3\1\0\0\0\0\0\0\0\0\1\1\0", 20),  // stream ids run backwards
  };
  for (const std::string& bytes : bad) {
    const UniqueFd fd = connect();
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    std::array<char, 512> sink{};
    while (::recv(fd.get(), sink.data(), sink.size(), 0) > 0) {
    }
    EXPECT_TRUE(call(good, "Echo", "x"));
  }
}

TEST_F(TtrpcServer, malformed_payload_is_answered_invalid) {
  serve({{"Echo", echo()}});
  const UniqueFd fd = connect();
  wire::Request envelope;
  envelope.set_service("test.Service");
  envelope.set_method("Echo");
  envelope.set_payload("\xff\xff");
  const std::string bytes = encode_frame(1, FrameType::request, envelope.SerializeAsString()).value();
  ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  FrameReader reader;
  std::optional<Frame> frame;
  while (!frame) {
    std::array<char, 512> chunk{};
    const ssize_t n = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    ASSERT_GT(n, 0);
    reader.feed(std::string_view(chunk.data(), static_cast<size_t>(n)));
    frame = reader.next().value();
  }
  wire::Response response;
  ASSERT_TRUE(response.ParseFromString(frame->payload));
  EXPECT_EQ(response.status().code(), 3);
}

TEST_F(TtrpcServer, peer_that_does_not_read_is_not_served_further_and_hinders_nobody) {
  int served = 0;
  Handler count = handler_of<wire::KeyValue>([&served](const wire::KeyValue&, Responder responder) {
    ++served;
    wire::KeyValue big;
    big.set_key(std::string(1 << 20, 'z'));
    responder.succeed(big);
  });
  serve({{"Echo", echo()}, {"Big", count}}, {.unread_answer_bytes = 1 << 20});
  Client slow(connect(), "test.Service");
  wire::KeyValue message;
  std::vector<uint32_t> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(slow.start("Big", message, kNoDeadline).value());
  }
  Client other(connect(), "test.Service");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(call(other, "Echo", "x"));
  }
  loop_->run_sync([&] { EXPECT_LT(served, 5); });
  for (const uint32_t id : calls) {
    EXPECT_TRUE(slow.finish(id, message, kNoDeadline));
    EXPECT_EQ(message.key().size(), 1U << 20);
  }
}

TEST_F(TtrpcServer, unknown_method_and_service_are_answered_and_leave_the_connection) {
  serve({{"Echo", echo()}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Nothing", "").error().code, ENOSYS);
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  Client stranger(connect(), "other.Service");
  EXPECT_EQ(call(stranger, "Echo", "").error().code, ENOSYS);
}

// The raw side of a connection.
class TtrpcConnection : public TtrpcServer {
 protected:
  static std::string request(uint32_t stream, std::string_view method = "Echo",
                             FrameType type = FrameType::request) {
    wire::Request envelope;
    envelope.set_service("test.Service");
    envelope.set_method(std::string(method));
    return encode_frame(stream, type, envelope.SerializeAsString()).value();
  }
  static void send(const UniqueFd& fd, const std::string& bytes) {
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The streams that are answered, of what was sent: there is no more to come.
  static std::vector<uint32_t> answered_until_the_end(const UniqueFd& fd) {
    ::shutdown(fd.get(), SHUT_WR);
    FrameReader reader;
    std::vector<uint32_t> streams;
    std::array<char, 4096> chunk{};
    for (ssize_t n = 0; (n = ::recv(fd.get(), chunk.data(), chunk.size(), 0)) > 0;) {
      reader.feed(std::string_view(chunk.data(), static_cast<size_t>(n)));
      while (const auto frame = reader.next().value()) {
        streams.push_back(frame->header.stream);
      }
    }
    return streams;
  }
};

TEST_F(TtrpcConnection, stream_is_used_once_and_ends_the_connection_the_second_time) {
  serve({{"Echo", echo()}});
  const UniqueFd fd = connect();
  send(fd, request(5) + request(5) + request(7));
  EXPECT_EQ(answered_until_the_end(fd), std::vector<uint32_t>{5});
}

TEST_F(TtrpcConnection, stream_that_is_still_in_flight_is_not_used_again) {
  serve({{"Echo", echo()}, {"Hold", hold()}});
  const UniqueFd fd = connect();
  send(fd, request(5, "Hold") + request(5));
  EXPECT_TRUE(answered_until_the_end(fd).empty());
}

TEST_F(TtrpcConnection, streams_may_be_left_out_and_are_the_clients_and_grow) {
  serve({{"Echo", echo()}});
  for (const uint32_t bad : {101U, 99U, 102U, 0U}) {
    const UniqueFd fd = connect();
    std::string frames = request(1) + request(101);
    std::string last = request(103);
    for (size_t i = 0; i < 4; ++i) {
      last.at(4 + i) = static_cast<char>(bad >> (24 - 8 * i));
    }
    send(fd, frames + last + request(105));
    EXPECT_EQ(answered_until_the_end(fd), (std::vector<uint32_t>{1, 101})) << bad;
  }
}

TEST_F(TtrpcConnection, frame_that_is_no_request_ends_the_connection) {
  serve({{"Echo", echo()}});
  for (const FrameType type : {FrameType::response, FrameType::data}) {
    const UniqueFd fd = connect();
    send(fd, request(1) + request(3, "Echo", type) + request(5));
    EXPECT_EQ(answered_until_the_end(fd), std::vector<uint32_t>{1});
  }
}

TEST_F(TtrpcConnection, last_request_that_may_be_in_flight_is_served_and_an_answer_makes_room) {
  serve({{"Echo", echo()}, {"Hold", hold()}}, {.requests_in_flight = 2});
  Client client(connect(), "test.Service");
  wire::KeyValue message;
  const uint32_t first = client.start("Hold", message, kNoDeadline).value();
  EXPECT_EQ(call(client, "Echo", "x").value(), "x") << "the second there may be";
  const uint32_t second = client.start("Hold", message, kNoDeadline).value();
  EXPECT_EQ(call(client, "Echo", "x").error().message, "serve request: too many requests in flight");
  loop_->run_sync([this] { held_.at(0).succeed(wire::KeyValue()); });
  EXPECT_TRUE(client.finish(first, message, kNoDeadline));
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  loop_->run_sync([this] { held_.at(1).fail(Error{.code = EIO, .message = "broken"}); });
  EXPECT_EQ(client.finish(second, message, kNoDeadline).error().code, EIO);
}

TEST_F(TtrpcConnection, answer_longer_than_a_peer_takes_is_told_as_an_error) {
  serve({{"Big",
          [](std::string_view, Responder responder) {
            wire::KeyValue big;
            big.set_key(std::string(kMaxPayloadBytes, 'z'));
            responder.succeed(big);
          }},
         {"Echo", echo()}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Big", "").error().code, EMSGSIZE);
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
}

}  // namespace
}  // namespace caisson::ttrpc
