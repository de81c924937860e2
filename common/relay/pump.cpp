// SPDX-License-Identifier: Apache-2.0
#include "common/relay/pump.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <utility>

namespace caisson {
namespace {

// LIMIT: what one pump holds at a time; a pipe's default capacity.
constexpr size_t kChunkBytes = 64UL * 1024;

enum class Readiness { source_ready, sink_closed };

// Until the source has something to say. Who reads the sink may go before that: it is heard then, not at the
// next byte, so that the writer's own next write fails.
Readiness wait_for_source(int source, int sink) {
  pollfd entries[2] = {{.fd = source, .events = POLLIN, .revents = 0},
                       {.fd = sink, .events = 0, .revents = 0}};
  while (::poll(entries, 2, -1) < 0 && errno == EINTR) {
  }
  // What the source holds is passed on first: a sink that is half gone may still take it.
  return entries[0].revents == 0 && (entries[1].revents & (POLLERR | POLLHUP)) != 0 ? Readiness::sink_closed
                                                                                    : Readiness::source_ready;
}

// A descriptor shared with others may have been made non-blocking by them: wait, then try again.
void wait_for_room(int sink) {
  pollfd entry{.fd = sink, .events = POLLOUT, .revents = 0};
  while (::poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
}

// A file that takes no more now may do so again: the disk was full, a quota was reached.
bool has_no_room(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

void tell_of_loss(int error, bool& told) {
  if (!std::exchange(told, true)) {
    spdlog::warn("write output: {}; what finds no room is lost, what follows is tried anew",
                 std::strerror(error));
  }
}

bool is_gone(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

Result<bool> write_all(int sink, const char* data, size_t size, bool& told_of_loss) {
  while (size > 0) {
    const ssize_t written = ::write(sink, data, size);
    if (written >= 0) {
      data += written;
      size -= static_cast<size_t>(written);
    } else if (errno == EAGAIN) {
      wait_for_room(sink);
    } else if (is_gone(errno) || errno == EIO) {
      return false;
    } else if (has_no_room(errno)) {
      tell_of_loss(errno, told_of_loss);
      return true;
    } else if (errno != EINTR) {
      return fail_errno("write stream");
    }
  }
  return true;
}

}  // namespace

Result<PumpEnd> pump(int source, int sink) {
  const auto buffer = std::make_unique<char[]>(kChunkBytes);
  bool told_of_loss = false;
  while (true) {
    if (wait_for_source(source, sink) == Readiness::sink_closed) {
      return PumpEnd::sink_closed;
    }
    const ssize_t got = ::read(source, buffer.get(), kChunkBytes);
    if (got == 0) {
      return PumpEnd::source_ended;
    }
    if (got > 0) {
      if (!TRY(write_all(sink, buffer.get(), static_cast<size_t>(got), told_of_loss))) {
        return PumpEnd::sink_closed;
      }
    } else if (errno == ECONNRESET || errno == EIO) {
      // A terminal whose other side has closed reads EIO.
      return PumpEnd::source_ended;
    } else if (errno != EINTR && errno != EAGAIN) {
      return fail_errno("read stream");
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
