// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/event_channel.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <array>

#include "protocol/agent/agent.pb.h"

namespace caisson::vmm {
Result<std::unique_ptr<EventChannel>> EventChannel::open(EventLoop& loop, UniqueFd stream, Handler on_event) {
  const int flags = ::fcntl(stream.get(), F_GETFL);
  if (flags < 0 || ::fcntl(stream.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
    return fail_errno("set event channel non-blocking");
  }
  std::unique_ptr<EventChannel> channel(new EventChannel(std::move(stream), std::move(on_event)));
  EventChannel* self = channel.get();
  self->watch_ = TRY(loop.watch(self->stream_.get(), EPOLLIN, [self](uint32_t) { self->on_readable(); }));
  return channel;
}

EventChannel::EventChannel(UniqueFd stream, Handler on_event)
    : stream_(std::move(stream)), on_event_(std::move(on_event)) {}

void EventChannel::drain() {
  while (stream_ && on_readable()) {
  }
}

bool EventChannel::on_readable() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(stream_.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return false;
  }
  if (got <= 0) {
    close();
    return false;
  }
  reader_.feed(std::string_view(buffer.data(), static_cast<size_t>(got)));
  if (const auto delivered = deliver(); !delivered) {
    spdlog::warn("agent's event channel closed: {}", delivered.error().message);
    close();
  }
  return true;
}

Result<void> EventChannel::deliver() {
  agent::v1::AgentEvent event;
  while (TRY(reader_.next(event))) {
    on_event_(event);
  }
  return {};
}

void EventChannel::close() {
  watch_.reset();
  stream_.reset();
}

}  // namespace caisson::vmm
