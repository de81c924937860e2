// SPDX-License-Identifier: Apache-2.0
#include "agent/io/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace caisson::agent {
namespace {

// What a pipe holds, so that one write(2) of a program is one round. One thread: one buffer for all pumps.
constexpr size_t kChunkBytes = 64U << 10;
std::array<char, kChunkBytes> chunk;

void make_non_blocking(const UniqueFd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

Result<UniqueFd> duplicate(const UniqueFd& fd) {
  UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) {
    return fail_errno("duplicate descriptor");
  }
  return copy;
}

bool is_peer_gone(int socket) {
  pollfd watched{.fd = socket, .events = 0, .revents = 0};
  if (::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLERR)) != 0) {
    return true;
  }
  // A vsock peer that closed reports no POLLHUP while our side is open; sending nothing asks without doing.
  return ::send(socket, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN;
}

Pump::Pump(EventLoop& loop, UniqueFd source, UniqueFd sink, Done done)
    : loop_(loop), source_(std::move(source)), sink_(std::move(sink)), done_(std::move(done)) {}

Result<std::shared_ptr<Pump>> Pump::start(EventLoop& loop, UniqueFd source, UniqueFd sink, Done done) {
  make_non_blocking(source);
  make_non_blocking(sink);
  const std::shared_ptr<Pump> pump(new Pump(loop, std::move(source), std::move(sink), std::move(done)));
  // The handlers own the pump; end() ends them.
  pump->sink_watch_ =
      TRY(loop.watch(pump->sink_.get(), 0, [pump](uint32_t events) { pump->on_sink(events); }));
  pump->watch_source(true);
  return pump;
}

void Pump::on_source() {
  move_once();
}

bool Pump::move_once() {
  const size_t most = last_bytes_ ? std::min(*last_bytes_, chunk.size()) : chunk.size();
  const ssize_t n = most > 0 ? ::read(source_.get(), chunk.data(), most) : 0;
  if (n < 0 && (errno == EINTR || (errno == EAGAIN && !last_bytes_))) {
    return false;
  }
  // A terminal whose last slave was closed answers EIO; a reset connection has ended too.
  if (n <= 0) {
    source_ended_ = true;
    watch_source(false);
    flush();
    return false;
  }
  if (last_bytes_) {
    *last_bytes_ -= static_cast<size_t>(n);
  }
  // Straight on where nothing waits before it: only what finds no room is copied.
  const std::string_view fresh(chunk.data(), static_cast<size_t>(n));
  const ssize_t taken = left_.empty() ? ::write(sink_.get(), fresh.data(), fresh.size()) : 0;
  left_.append(fresh.substr(taken > 0 ? static_cast<size_t>(taken) : 0));
  flush();
  return source_.is_valid() && left_.empty();
}

void Pump::on_sink(uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    end(End::sink_broken);
    return;
  }
  flush();
}

void Pump::flush() {
  size_t written = 0;
  while (written < left_.size()) {
    const ssize_t n = ::write(sink_.get(), left_.data() + written, left_.size() - written);
    if (n >= 0) {
      written += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      left_.erase(0, written);
      watch_source(false);
      watch_sink(true);
      return;
    } else if (errno != EINTR) {
      end(End::sink_broken);
      return;
    }
  }
  left_.clear();
  if (last_bytes_ == size_t{0}) {
    source_ended_ = true;
    watch_source(false);
  }
  if (source_ended_) {
    ::shutdown(sink_.get(), SHUT_WR);  // fails on a pipe, which close() ends
    end(End::source_ended);
    return;
  }
  watch_sink(false);
  watch_source(true);
}

// What the sink has no room for yet stays in the source: flush() goes on with it.
void Pump::finish() {
  if (!source_ || source_ended_ || last_bytes_) {
    return;
  }
  const auto self = shared_from_this();
  int waiting = 0;
  // A socket that does not tell is read until it is empty; its peer has nothing to add.
  last_bytes_ =
      ::ioctl(source_.get(), FIONREAD, &waiting) == 0 ? static_cast<size_t>(std::max(waiting, 0)) : SIZE_MAX;
  while (source_ && !source_ended_ && left_.empty() && move_once()) {
  }
}

void Pump::abandon() {
  end(End::sink_broken);
}

// A source that has hung up is always ready: unwatched means out of the loop altogether.
void Pump::watch_source(bool wanted) {
  if (!wanted) {
    source_watch_.reset();
    return;
  }
  if (source_watch_ || !source_) {
    return;
  }
  auto watched =
      loop_.watch(source_.get(), EPOLLIN, [self = shared_from_this()](uint32_t) { self->on_source(); });
  if (watched) {
    source_watch_ = std::move(*watched);
  } else {
    end(End::sink_broken);
  }
}

void Pump::watch_sink(bool wanted) {
  (void)sink_watch_.modify(wanted ? EPOLLOUT : 0U);
}

void Pump::end(End how) {
  if (!sink_) {
    return;
  }
  const auto self = shared_from_this();  // the loop's handlers may be the last owners
  source_watch_.reset();
  sink_watch_.reset();
  source_.reset();
  sink_.reset();
  left_.clear();
  if (const Done done = std::move(done_)) {
    done(how);
  }
}

}  // namespace caisson::agent
