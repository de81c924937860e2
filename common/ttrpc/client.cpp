// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/client.h"

#include <google/protobuf/message_lite.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>

#include "common/ttrpc/status.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

// LIMIT: a client is one caller with a handful of calls; more is a bug of ours.
constexpr size_t kMaxPending = 256;

// Waits for `events` on `fd`. ETIMEDOUT past the deadline.
Result<void> wait_for(int fd, short events, Deadline deadline) {
  while (true) {
    int timeout_ms = -1;
    if (deadline != kNoDeadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      timeout_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
    }
    pollfd watched{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, timeout_ms);
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return fail(ETIMEDOUT, "no answer in time");
    }
    if (errno != EINTR) {
      return fail_errno("wait for the connection");
    }
  }
}

int64_t timeout_nano(Deadline deadline) {
  if (deadline == kNoDeadline) {
    return 0;
  }
  // 0 would mean "no deadline" to the peer.
  return std::max<int64_t>(1, std::chrono::nanoseconds(deadline - std::chrono::steady_clock::now()).count());
}

}  // namespace

Client::Client(UniqueFd connection, std::string service)
    : connection_(std::move(connection)), service_(std::move(service)) {}

Result<void> Client::call(std::string_view method, const google::protobuf::MessageLite& request,
                          google::protobuf::MessageLite& response, Deadline deadline) {
  const uint32_t stream = TRY(start(method, request, deadline));
  auto outcome = finish(stream, response, deadline);
  if (pending_.erase(stream) > 0) {
    given_up_.insert(stream);
  }
  if (!outcome && outcome.error().code == ETIMEDOUT) {
    outcome.error().message = "wait for " + std::string(method) + ": " + outcome.error().message;
  }
  return outcome;
}

Result<uint32_t> Client::start(std::string_view method, const google::protobuf::MessageLite& request,
                               Deadline deadline) {
  if (broken_) {
    return tl::unexpected(*broken_);
  }
  if (pending_.size() + given_up_.size() >= kMaxPending || next_stream_ > UINT32_MAX - 2) {
    return fail(EAGAIN, "call " + std::string(method) + ": too many calls on one connection");
  }
  wire::Request envelope;
  envelope.set_service(service_);
  envelope.set_method(std::string(method));
  envelope.set_timeout_nano(timeout_nano(deadline));
  request.SerializeToString(envelope.mutable_payload());
  const uint32_t stream = next_stream_;
  const std::string bytes = TRY_CONTEXT(
      "call " + std::string(method), encode_frame(stream, FrameType::request, envelope.SerializeAsString()));
  next_stream_ += 2;
  // A request half sent cannot be taken back.
  if (auto sent = send(bytes, deadline); !sent) {
    TRY(broken(with_context("call " + std::string(method), std::move(sent).error())));
  }
  pending_.emplace(stream, std::nullopt);
  return stream;
}

Result<void> Client::finish(uint32_t stream, google::protobuf::MessageLite& response, Deadline deadline) {
  const auto found = pending_.find(stream);
  if (found == pending_.end()) {
    return fail(EINVAL, "finish ttrpc call: no such call");
  }
  while (!found->second) {
    TRY(receive(deadline));
  }
  const std::string payload = std::move(*found->second);
  pending_.erase(found);
  wire::Response envelope;
  if (!envelope.ParseFromString(payload)) {
    return broken(Error{.code = EPROTO, .message = "read ttrpc response: malformed envelope"});
  }
  if (envelope.has_status() && envelope.status().code() != 0) {
    return tl::unexpected(to_error(envelope.status()));
  }
  if (!response.ParseFromString(envelope.payload())) {
    return broken(Error{.code = EPROTO, .message = "read ttrpc response: malformed payload"});
  }
  return {};
}

Result<void> Client::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      TRY(wait_for(connection_.get(), POLLOUT, deadline));
    } else if (errno != EINTR) {
      return fail_errno("send request");
    }
  }
  return {};
}

// Reads once and sorts the frames that became whole. A timeout leaves the connection usable.
Result<void> Client::receive(Deadline deadline) {
  if (broken_) {
    return tl::unexpected(*broken_);
  }
  TRY(wait_for(connection_.get(), POLLIN, deadline));
  std::array<char, 16384> chunk{};
  const ssize_t n = ::recv(connection_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return {};
    }
    return broken(fail_errno("read ttrpc response").value());
  }
  if (n == 0) {
    return broken(
        Error{.code = ECONNRESET, .message = "read ttrpc response: the peer closed the connection"});
  }
  reader_.feed(std::string_view(chunk.data(), static_cast<size_t>(n)));
  while (true) {
    auto frame = reader_.next();
    if (!frame) {
      return broken(std::move(frame).error());
    }
    if (!*frame) {
      return {};
    }
    TRY(keep(std::move(**frame)));
  }
}

Result<void> Client::keep(Frame frame) {
  if (frame.header.type == FrameType::response && given_up_.erase(frame.header.stream) > 0) {
    return {};
  }
  const auto found = pending_.find(frame.header.stream);
  if (frame.header.type != FrameType::response || found == pending_.end() || found->second) {
    return broken(Error{
        .code = EPROTO,
        .message = "read ttrpc response: unexpected frame on stream " + std::to_string(frame.header.stream)});
  }
  found->second = std::move(frame.payload);
  return {};
}

Result<void> Client::broken(Error error) {
  broken_ = std::move(error);
  return tl::unexpected(*broken_);
}

}  // namespace caisson::ttrpc
