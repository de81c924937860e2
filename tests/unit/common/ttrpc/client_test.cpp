// SPDX-License-Identifier: Apache-2.0
// The client against a peer that answers badly, bytes written by hand.
#include "common/ttrpc/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

class TtrpcClient : public testing::Test {
 protected:
  TtrpcClient() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    client_.emplace(UniqueFd(fds[0]), "test.Service");
    peer_.reset(fds[1]);
  }

  void peer_sends(std::string_view bytes) {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void peer_answers(uint32_t stream, const wire::Response& response) {
    peer_sends(encode_frame(stream, FrameType::response, response.SerializeAsString()).value());
  }
  Result<void> call(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    wire::KeyValue request;
    return client_->call("Method", request, answer_, std::chrono::steady_clock::now() + patience);
  }

  std::optional<Client> client_;
  UniqueFd peer_;
  wire::KeyValue answer_;
};

TEST_F(TtrpcClient, answer_reaches_the_caller) {
  wire::KeyValue value;
  value.set_key("k");
  wire::Response response;
  response.set_payload(value.SerializeAsString());
  peer_answers(1, response);
  ASSERT_TRUE(call());
  EXPECT_EQ(answer_.key(), "k");
}

TEST_F(TtrpcClient, status_becomes_the_error) {
  wire::Response response;
  response.mutable_status()->set_code(5);
  response.mutable_status()->set_message("find container x: no such container");
  peer_answers(1, response);
  const auto result = call();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ENOENT);
  EXPECT_EQ(result.error().message, "find container x: no such container");
  peer_answers(3, wire::Response());
  EXPECT_TRUE(call()) << "an error answered leaves the connection usable";
}

TEST_F(TtrpcClient, status_of_unknown_code_is_still_an_error) {
  wire::Response response;
  response.mutable_status()->set_code(-77);
  peer_answers(1, response);
  EXPECT_EQ(call().error().code, EIO);
}

TEST_F(TtrpcClient, silence_ends_at_the_deadline) {
  const auto result = call(std::chrono::milliseconds(20));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ETIMEDOUT);
  EXPECT_EQ(result.error().message, "wait for Method: no answer in time");
}

TEST_F(TtrpcClient, answer_after_the_deadline_is_thrown_away_and_the_next_call_works) {
  EXPECT_EQ(call(std::chrono::milliseconds(5)).error().code, ETIMEDOUT);
  peer_answers(1, wire::Response());
  peer_answers(3, wire::Response());
  EXPECT_TRUE(call());
}

TEST_F(TtrpcClient, peer_gone_is_a_reset) {
  peer_.reset();
  const auto result = call();
  EXPECT_TRUE(result.error().code == ECONNRESET || result.error().code == EPIPE);
}

TEST_F(TtrpcClient, answer_on_a_stream_never_opened_breaks_the_connection) {
  peer_answers(99, wire::Response());
  EXPECT_EQ(call().error().code, EPROTO);
  peer_answers(3, wire::Response());
  EXPECT_EQ(call().error().code, EPROTO) << "no resynchronising";
}

TEST_F(TtrpcClient, request_from_the_peer_breaks_the_connection) {
  peer_sends(encode_frame(1, FrameType::request, "").value());
  EXPECT_EQ(call().error().code, EPROTO);
}

TEST_F(TtrpcClient, second_answer_on_one_stream_breaks_the_connection) {
  wire::KeyValue request;
  const uint32_t first = client_->start("A", request, kNoDeadline).value();
  const uint32_t second = client_->start("B", request, kNoDeadline).value();
  peer_answers(first, wire::Response());
  peer_answers(first, wire::Response());
  EXPECT_EQ(client_->finish(second, answer_, kNoDeadline).error().code, EPROTO);
}

TEST_F(TtrpcClient, oversized_frame_breaks_the_connection) {
  peer_sends(std::string("\xff\xff\xff\xff\0\0\0\1\2\0", 10));
  EXPECT_EQ(call().error().code, EMSGSIZE);
}

TEST_F(TtrpcClient, malformed_envelope_breaks_the_connection) {
  peer_sends(encode_frame(1, FrameType::response, "\xff\xff\xff").value());
  EXPECT_EQ(call().error().code, EPROTO);
}

TEST_F(TtrpcClient, answers_out_of_order_reach_their_calls) {
  wire::KeyValue request;
  const uint32_t first = client_->start("A", request, kNoDeadline).value();
  const uint32_t second = client_->start("B", request, kNoDeadline).value();
  for (const uint32_t stream : {second, first}) {
    wire::KeyValue value;
    value.set_key(std::to_string(stream));
    wire::Response response;
    response.set_payload(value.SerializeAsString());
    peer_answers(stream, response);
  }
  ASSERT_TRUE(client_->finish(first, answer_, kNoDeadline));
  EXPECT_EQ(answer_.key(), std::to_string(first));
  ASSERT_TRUE(client_->finish(second, answer_, kNoDeadline));
  EXPECT_EQ(answer_.key(), std::to_string(second));
}

}  // namespace
}  // namespace caisson::ttrpc
