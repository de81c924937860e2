// SPDX-License-Identifier: Apache-2.0
#include "agent/events/event_stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/event_reader.h"

namespace caisson::agent {
namespace {

// LIMIT: a host that does not read costs the guest no more memory than this.
constexpr size_t kMaxUnsentBytes = 256U << 10;
// LIMIT: agent.proto, Log.message.
constexpr size_t kMaxMessageBytes = 4096;

}  // namespace

EventStream::EventStream(EventLoop& loop, UniqueFd connection) : connection_(std::move(connection)) {
  auto watched = loop.watch(connection_.get(), EPOLLOUT, [this](uint32_t events) {
    // Reported whether asked for or not, and for ever: a host that has gone must not keep us busy.
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
      close();
    } else {
      is_connected_ = true;
      flush();
    }
  });
  if (watched) {
    watch_ = std::move(*watched);
  } else {
    connection_.reset();
  }
}

void EventStream::close() {
  watch_.reset();
  connection_.reset();
}

void EventStream::send(const v1::AgentEvent& event) {
  const auto bytes = encode_event(event);
  if (!bytes || !connection_ || out_.size() + bytes->size() > kMaxUnsentBytes) {
    ++dropped_;
    return;
  }
  out_ += *bytes;
  // ORDERING: what is told of a process is on its way before the answer that tells of its end, which goes by
  // a connection of its own: the host cuts the power when it has that.
  if (is_connected_) {
    flush();
  }
}

void EventStream::log(LogLevel level, std::string message, const LogFields& fields) {
  v1::AgentEvent event;
  v1::Log& log = *event.mutable_log();
  log.set_level(static_cast<v1::Log::Level>(level));
  message.resize(std::min(message.size(), kMaxMessageBytes));
  log.set_message(std::move(message));
  log.mutable_fields()->insert(fields.begin(), fields.end());
  const uint64_t told = dropped_;
  if (told > 0) {
    (*log.mutable_fields())["dropped"] = std::to_string(told);
  }
  send(event);
  if (dropped_ == told) {
    dropped_ = 0;  // else this one was dropped, too, and nobody has been told
  }
}

void EventStream::flush() {
  while (!out_.empty()) {
    const ssize_t n = ::send(connection_.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        (void)watch_.modify(EPOLLOUT);
        return;
      }
      close();
      return;
    }
    out_.erase(0, static_cast<size_t>(n));
  }
  (void)watch_.modify(0);
}

}  // namespace caisson::agent
