// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/stream.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <utility>

#include "common/uninterrupted.h"

namespace caisson::vmm::vsock {

namespace {

bool is_socket(int fd) {
  struct stat status {};
  return fd >= 0 && ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Whether reading or writing may wait for somebody although we did not ask for that.
bool can_block(int fd) {
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) < 0 || S_ISSOCK(status.st_mode) || S_ISREG(status.st_mode)) {
    return false;
  }
  return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

Stream::Io outcome_of(ssize_t n, bool is_read) {
  if (n > 0) {
    return {Stream::Outcome::moved, static_cast<size_t>(n)};
  }
  if (n == 0 && is_read) {
    return {Stream::Outcome::ended, 0};
  }
  switch (n == 0 ? EAGAIN : errno) {
    case EAGAIN:
    case EINTR:  // a signal's handler ran first: as if not ready, tried again by the next round
      return {Stream::Outcome::would_block, 0};
    case EPIPE:
      return {Stream::Outcome::ended, 0};
    default:
      // EIO is how a terminal whose other end has closed says end of file.
      return {is_read && errno == EIO ? Stream::Outcome::ended : Stream::Outcome::failed, 0};
  }
}

void end(UniqueFd& fd, Watch& watch) {
  watch.reset();
  fd.reset();
}

msghdr message_of(std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // SAFETY: neither call writes to the vector itself
  message.msg_iovlen = parts.size();
  return message;
}

}  // namespace

Stream Stream::socket(UniqueFd fd) {
  return {std::move(fd), UniqueFd(), true};
}

Result<Stream> Stream::pair(UniqueFd source, UniqueFd sink) {
  if (can_block(source.get()) || can_block(sink.get())) {
    return fail(EINVAL, "make stream: a descriptor is in blocking mode; open it again with O_NONBLOCK");
  }
  return Stream(std::move(source), std::move(sink), false);
}

Stream::Stream(UniqueFd source, UniqueFd sink, bool is_one_socket)
    : source_(std::move(source)),
      sink_(std::move(sink)),
      is_one_socket_(is_one_socket),
      source_is_socket_(is_socket(source_.get())),
      sink_is_socket_(is_one_socket || is_socket(sink_.get())) {}

void Stream::close() {
  end(source_, source_watch_);
  end(sink_, sink_watch_);
}

Result<void> Stream::watch(EventLoop& loop, Handler handler) {
  // Edges, because a hang-up is a level nobody can mask: with the guest out of credit it would spin.
  const auto add = [&](int fd, uint32_t events, auto to_edges) -> Result<Watch> {
    Result<Watch> added =
        loop.watch(fd, events | EPOLLET, [handler, to_edges](uint32_t seen) { handler(to_edges(seen)); });
    if (!added && added.error().code == EPERM) {
      return Watch();  // a file: always ready
    }
    return added;
  };
  constexpr uint32_t kEnd = EPOLLHUP | EPOLLERR;
  if (is_one_socket_) {
    // EPOLLHUP: both directions of the socket are shut, or its peer has closed it.
    source_watch_ = TRY(add(source_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP, [](uint32_t seen) {
      return Edges{.readable = (seen & (EPOLLIN | EPOLLRDHUP | kEnd)) != 0,
                   .writable = (seen & EPOLLOUT) != 0,
                   .nobody_reads = (seen & kEnd) != 0};
    }));
    return {};
  }
  if (source_) {
    source_watch_ = TRY(add(source_.get(), EPOLLIN | EPOLLRDHUP, [](uint32_t seen) {
      return Edges{.readable = seen != 0, .writable = false, .nobody_reads = false};
    }));
  }
  if (sink_) {
    sink_watch_ = TRY(add(sink_.get(), EPOLLOUT, [](uint32_t seen) {
      return Edges{.readable = false, .writable = (seen & EPOLLOUT) != 0, .nobody_reads = (seen & kEnd) != 0};
    }));
  }
  return {};
}

Stream::Io Stream::read(std::span<const iovec> parts) {
  const int fd = source_.get();
  if (fd < 0) {
    return {Outcome::ended, 0};
  }
  if (source_is_socket_) {
    msghdr message = message_of(parts);
    return outcome_of(uninterrupted([&] { return ::recvmsg(fd, &message, MSG_DONTWAIT); }), true);
  }
  return outcome_of(uninterrupted([&] { return ::readv(fd, parts.data(), static_cast<int>(parts.size())); }),
                    true);
}

Stream::Io Stream::write(std::span<const iovec> parts) {
  const int fd = sink_fd();
  if (fd < 0) {
    return {Outcome::ended, 0};
  }
  if (sink_is_socket_) {
    const msghdr message = message_of(parts);
    return outcome_of(uninterrupted([&] { return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); }),
                      false);
  }
  return outcome_of(uninterrupted([&] { return ::writev(fd, parts.data(), static_cast<int>(parts.size())); }),
                    false);
}

void Stream::end_reads() {
  if (is_one_socket_) {
    ::shutdown(source_.get(), SHUT_RD);
  } else {
    end(source_, source_watch_);
  }
}

void Stream::end_writes() {
  if (is_one_socket_) {
    ::shutdown(source_.get(), SHUT_WR);
  } else {
    end(sink_, sink_watch_);
  }
}

}  // namespace caisson::vmm::vsock
