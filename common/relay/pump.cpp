// SPDX-License-Identifier: Apache-2.0
#include "common/relay/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace caisson {
namespace {

// LIMIT: what one pump holds at a time; a pipe's default capacity.
constexpr size_t kChunkBytes = 64UL * 1024;

// A descriptor shared with others may have been made non-blocking by them: wait, then try again.
void wait_until(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  while (::poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
}

bool is_gone(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

Result<bool> write_all(int sink, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(sink, data, size);
    if (written >= 0) {
      data += written;
      size -= static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      wait_until(sink, POLLOUT);
    } else if (is_gone(errno) || errno == EIO) {
      return false;
    } else if (errno != EINTR) {
      return fail_errno("write stream");
    }
  }
  return true;
}

Result<PumpEnd> pump_by_copy(int source, int sink) {
  const auto buffer = std::make_unique<char[]>(kChunkBytes);
  while (true) {
    const ssize_t got = ::read(source, buffer.get(), kChunkBytes);
    if (got == 0) {
      return PumpEnd::source_ended;
    }
    if (got > 0) {
      if (!TRY(write_all(sink, buffer.get(), static_cast<size_t>(got)))) {
        return PumpEnd::sink_closed;
      }
    } else if (errno == EAGAIN) {
      wait_until(source, POLLIN);
    } else if (errno == ECONNRESET || errno == EIO) {
      // A terminal whose other side has closed reads EIO.
      return PumpEnd::source_ended;
    } else if (errno != EINTR) {
      return fail_errno("read stream");
    }
  }
}

}  // namespace

Result<PumpEnd> pump(int source, int sink) {
  while (true) {
    const ssize_t moved = ::splice(source, nullptr, sink, nullptr, kChunkBytes, SPLICE_F_MOVE);
    if (moved == 0) {
      return PumpEnd::source_ended;
    }
    if (moved > 0 || errno == EINTR) {
      continue;
    }
    if (errno == EAGAIN) {
      // splice does not say which side would block: wait for data first, then for room.
      wait_until(source, POLLIN);
      wait_until(sink, POLLOUT);
    } else if (errno == EPIPE) {
      return PumpEnd::sink_closed;
    } else if (errno == ECONNRESET) {
      return PumpEnd::source_ended;
    } else {
      // EINVAL: neither side is a pipe, or one does not splice (terminals, append-only files). Nothing was
      // moved.
      return pump_by_copy(source, sink);
    }
  }
}

void end_of_file(int socket) {
  ::shutdown(socket, SHUT_WR);
}

void stop_reading(int socket) {
  ::shutdown(socket, SHUT_RD);
}

}  // namespace caisson
