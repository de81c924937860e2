// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

#include "common/ttrpc/client.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

// A server of service "test.Service" on an abstract socket, its loop on a thread of its own.
class TtrpcServer : public testing::Test {
 protected:
  void serve(Methods methods, ServerLimits limits = {}) {
    UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address_.sun_family = AF_UNIX;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(sa_family_t)),
              0);  // autobind
    length_ = sizeof(address_);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &length_), 0);
    ASSERT_EQ(::listen(listener.get(), 16), 0);
    loop_ = EventLoop::create().value();
    server_ = Server::create(*loop_, std::move(listener), "test.Service", std::move(methods), limits).value();
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->run()); });
  }
  void TearDown() override {
    loop_->stop();
    thread_.join();
    held_.clear();
    server_.reset();
  }

  UniqueFd connect() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), length_), 0);
    return fd;
  }
  static Result<std::string> call(Client& client, std::string_view method, std::string_view key) {
    wire::KeyValue request;
    request.set_key(std::string(key));
    wire::KeyValue response;
    TRY(client.call(method, request, response, std::chrono::steady_clock::now() + std::chrono::seconds(10)));
    return response.key();
  }
  static Handler echo() {
    return handler_of<wire::KeyValue>(
        [](const wire::KeyValue& request, Responder responder) { responder.succeed(request); });
  }
  Handler hold() {
    return [this](std::string_view, Responder responder) { held_.push_back(std::move(responder)); };
  }
  static bool is_closed_by_peer(const UniqueFd& fd) {
    char byte = 0;
    return ::recv(fd.get(), &byte, 1, 0) <= 0;
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Server> server_;
  std::vector<Responder> held_;
  std::thread thread_;
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

TEST_F(TtrpcServer, request_is_answered) {
  serve({{"Echo", echo()}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  EXPECT_EQ(call(client, "Echo", std::string(1 << 20, 'y')).value().size(), 1U << 20);
}

TEST_F(TtrpcServer, unknown_method_and_service_are_answered_and_leave_the_connection) {
  serve({{"Echo", echo()}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Nothing", "").error().code, ENOSYS);
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  Client stranger(connect(), "other.Service");
  EXPECT_EQ(call(stranger, "Echo", "").error().code, ENOSYS);
}

TEST_F(TtrpcServer, errno_of_the_handler_reaches_the_caller_exactly) {
  serve({{"Fail", [](std::string_view, Responder responder) {
            responder.fail(Error{.code = ESRCH, .message = "signal process: no such process"});
          }}});
  Client client(connect(), "test.Service");
  const auto result = call(client, "Fail", "");
  EXPECT_EQ(result.error().code, ESRCH);
  EXPECT_EQ(result.error().message, "signal process: no such process");
}

TEST_F(TtrpcServer, responder_dropped_unanswered_tells_the_caller) {
  serve({{"Forget", [](std::string_view, Responder) {}}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Forget", "").error().code, EPROTO);
}

TEST_F(TtrpcServer, late_answer_overtaken_by_an_early_one_reaches_its_caller) {
  serve({{"Echo", echo()}, {"Hold", hold()}});
  Client client(connect(), "test.Service");
  wire::KeyValue message;
  const uint32_t late = client.start("Hold", message, kNoDeadline).value();
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  loop_->run_sync([this] { held_.at(0).succeed(wire::KeyValue()); });
  EXPECT_TRUE(client.finish(late, message, kNoDeadline));
}

TEST_F(TtrpcServer, responder_of_a_caller_that_hung_up_is_abandoned) {
  serve({{"Echo", echo()}, {"Hold", hold()}});
  {
    Client client(connect(), "test.Service");
    wire::KeyValue message;
    ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
    EXPECT_TRUE(call(client, "Echo", "x"));
  }
  Client other(connect(), "test.Service");
  bool abandoned = false;
  while (!abandoned) {
    EXPECT_TRUE(call(other, "Echo", "x"));
    loop_->run_sync([&] { abandoned = held_.at(0).is_abandoned(); });
  }
  loop_->run_sync([this] { held_.at(0).succeed(wire::KeyValue()); });
}

TEST_F(TtrpcServer, requests_past_the_limit_in_flight_are_refused) {
  serve({{"Hold", hold()}}, {.requests_in_flight = 2});
  Client client(connect(), "test.Service");
  wire::KeyValue message;
  ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
  ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
  EXPECT_EQ(call(client, "Hold", "").error().code, EAGAIN);
}

TEST_F(TtrpcServer, connections_past_the_limit_are_closed) {
  serve({{"Echo", echo()}}, {.connections = 1});
  Client first(connect(), "test.Service");
  EXPECT_TRUE(call(first, "Echo", "x"));
  EXPECT_TRUE(is_closed_by_peer(connect()));
  EXPECT_TRUE(call(first, "Echo", "x"));
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

}  // namespace
}  // namespace caisson::ttrpc
