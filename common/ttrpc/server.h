// SPDX-License-Identifier: Apache-2.0
// The serving side of ttrpc on an event loop: takes connections from a listening stream socket, looks the
// method up in a table and hands the payload to its handler with a Responder, which may answer later. One
// thread. Peers are foreign: connections, requests in flight and unread answers are bounded, and a broken
// peer loses its connection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace google::protobuf {
class MessageLite;
}

namespace caisson::ttrpc {

class Connection;

// The duty to answer one request, exactly once. Dropped unanswered it answers INTERNAL, so no caller hangs.
class Responder {
 public:
  Responder(std::weak_ptr<Connection> connection, uint32_t stream);
  Responder(Responder&& other) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  void succeed(const google::protobuf::MessageLite& response);
  void fail(const Error& error);

  // The caller hung up: nobody will read an answer.
  [[nodiscard]] bool is_abandoned() const { return connection_.expired(); }

 private:
  void drop();

  std::weak_ptr<Connection> connection_;
  uint32_t stream_ = 0;  // 0: answered or moved from
};

// Method name → what to do with the request's payload.
using Handler = std::function<void(std::string_view payload, Responder responder)>;
using Methods = std::map<std::string, Handler, std::less<>>;

// Makes a Handler of a function over the parsed request; a malformed payload is answered INVALID_ARGUMENT.
template <typename Request, typename Function>
Handler handler_of(Function function) {
  return [function = std::move(function)](std::string_view payload, Responder responder) {
    Request request;
    if (!request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      responder.fail(Error{.code = EINVAL, .message = "parse request: malformed protobuf"});
      return;
    }
    function(request, std::move(responder));
  };
}

struct ServerLimits {
  size_t connections = 512;  // LIMIT: as many as the host may open (vsock::Muxer); further ones are closed
  size_t requests_in_flight = 64;  // LIMIT: per connection; further ones are answered RESOURCE_EXHAUSTED
  size_t unread_answer_bytes =
      1 << 20;  // LIMIT: per connection; reading stops above it until the peer has read
};

class Server {
 public:
  // `listener` is a listening, non-blocking stream socket of any family.
  static Result<std::unique_ptr<Server>> create(EventLoop& loop, UniqueFd listener, std::string service,
                                                Methods methods, ServerLimits limits = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() = default;

  [[nodiscard]] size_t connection_count() const { return connections_.size(); }

 private:
  friend class Connection;
  Server(EventLoop& loop, UniqueFd listener, std::string service, Methods methods, ServerLimits limits);

  void accept_one();
  void forget(int fd);

  EventLoop& loop_;
  UniqueFd listener_;
  Watch watch_;
  std::string service_;
  Methods methods_;
  ServerLimits limits_;
  std::map<int, std::shared_ptr<Connection>> connections_;
};

}  // namespace caisson::ttrpc
