// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/ttrpc/status.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {

Connection::Connection(Server& server, UniqueFd socket) : server_(server), socket_(std::move(socket)) {}

Result<void> Connection::listen(EventLoop& loop) {
  watch_ = TRY(loop.watch(fd(), EPOLLIN, [this](uint32_t events) { handle(events); }));
  return {};
}

bool Connection::is_full() const {
  return out_.size() - sent_ > server_.limits_.unread_answer_bytes;
}

void Connection::handle(uint32_t events) {
  const auto self = shared_from_this();  // a handler may end this connection
  Result<void> outcome;
  if ((events & EPOLLOUT) != 0) {
    outcome = write_some();
  }
  if (outcome && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    outcome = read_some();
  }
  if (outcome) {
    outcome = dispatch_whole_frames();
  }
  if (outcome) {
    outcome = update_watch();
  }
  if (!outcome) {
    server_.forget(fd());
  }
}

Result<void> Connection::read_some() {
  // One chunk a round: a peer that talks without pause does not starve the others.
  std::array<char, 16384> chunk{};
  const ssize_t n = ::recv(fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n < 0) {
    return errno == EAGAIN || errno == EINTR ? Result<void>{} : fail_errno("read ttrpc request");
  }
  if (n == 0) {
    return fail(ECONNRESET, "read ttrpc request: the peer closed the connection");
  }
  reader_.feed(std::string_view(chunk.data(), static_cast<size_t>(n)));
  return {};
}

Result<void> Connection::dispatch_whole_frames() {
  while (!is_full()) {
    const std::optional<Frame> frame = TRY(reader_.next());
    if (!frame) {
      break;
    }
    TRY(dispatch(*frame));
  }
  return {};
}

Result<void> Connection::dispatch(const Frame& frame) {
  const uint32_t stream = frame.header.stream;
  // [ttrpc] "Protocol": a client opens odd streams, each once, in growing order.
  if (frame.header.type != FrameType::request || stream % 2 == 0 || stream <= last_stream_) {
    return fail(EPROTO, "read ttrpc request: unexpected frame on stream " + std::to_string(stream));
  }
  last_stream_ = stream;
  wire::Request request;
  if (!request.ParseFromString(frame.payload)) {
    return fail(EPROTO, "read ttrpc request: malformed envelope");
  }
  if (in_flight_.size() >= server_.limits_.requests_in_flight) {
    answer_error(stream, Error{.code = EAGAIN, .message = "serve request: too many requests in flight"});
    return {};
  }
  const auto method = server_.methods_.find(request.method());
  if (request.service() != server_.service_ || method == server_.methods_.end()) {
    answer_error(stream,
                 Error{.code = ENOSYS,
                       .message = "serve request: no method " + request.service() + "/" + request.method()});
    return {};
  }
  in_flight_.insert(stream);
  method->second(request.payload(), Responder(weak_from_this(), stream));
  return {};
}

void Connection::answer(uint32_t stream, std::string_view payload) {
  wire::Response response;
  response.set_payload(std::string(payload));
  send_envelope(stream, response.SerializeAsString());
}

void Connection::answer_error(uint32_t stream, const Error& error) {
  wire::Response response;
  put_error(error, *response.mutable_status());
  send_envelope(stream, response.SerializeAsString());
}

void Connection::send_envelope(uint32_t stream, const std::string& envelope) {
  in_flight_.erase(stream);
  const auto frame = encode_frame(stream, FrameType::response, envelope);
  if (!frame) {
    answer_error(stream, frame.error());  // short enough, ends the recursion
    return;
  }
  out_ += *frame;
  if (!write_some() || !update_watch()) {
    // Not now: the caller may be dispatching on this very connection.
    ::shutdown(fd(), SHUT_RDWR);
  }
}

Result<void> Connection::write_some() {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EAGAIN) {
        return {};
      }
      if (errno == EINTR) {
        continue;
      }
      return fail_errno("send ttrpc response");
    }
    sent_ += static_cast<size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return {};
}

Result<void> Connection::update_watch() {
  uint32_t wanted = is_full() ? 0U : uint32_t{EPOLLIN};
  if (sent_ < out_.size()) {
    wanted |= EPOLLOUT;
  }
  return watch_.modify(wanted);
}

}  // namespace caisson::ttrpc
