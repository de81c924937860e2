// SPDX-License-Identifier: Apache-2.0
#include "agent/container/notify_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/socket_path.h"

namespace caisson::agent {
namespace {

// LIMIT: of one message; systemd's own (NOTIFY_BUFFER_MAX). What is longer is cut, and may lose its READY=1.
constexpr size_t kMaxMessageBytes = 4096;
// LIMIT: messages that wait on the socket; the kernel's net.unix.max_dgram_qlen is 10.
constexpr int kMaxWaiting = 64;

}  // namespace

bool says_ready(std::string_view message) {
  while (!message.empty()) {
    const size_t end = message.find('\n');
    if (message.substr(0, end) == "READY=1") {
      return true;
    }
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  }
  return false;
}

Result<std::unique_ptr<NotifySocket>> NotifySocket::create(EventLoop& loop, std::string directory,
                                                           Ready ready) {
  const std::string path = directory + "/notify";
  if (::mkdir(directory.c_str(), 0755) < 0) {
    return fail_errno("make " + directory);
  }
  std::unique_ptr<NotifySocket> made(new NotifySocket(std::move(directory), std::move(ready)));
  const SocketPath place = TRY(SocketPath::of(path));
  made->socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made->socket_ || ::bind(made->socket_.get(), place.address(), SocketPath::size()) < 0 ||
      ::chmod(path.c_str(), 0666) < 0) {  // whoever the container's process is
    return fail_errno("make notification socket");
  }
  made->watch_ =
      TRY(loop.watch(made->socket_.get(), EPOLLIN, [self = made.get()](uint32_t) { self->receive(); }));
  return made;
}

NotifySocket::~NotifySocket() {
  ::unlink((directory_ + "/notify").c_str());
  ::rmdir(directory_.c_str());
}

// One message at a time: a container that floods its socket waits its turn like everybody else. Descriptors
// sent along are closed by the kernel, since no room is given for them; that is all BARRIER=1 waits for.
bool NotifySocket::receive() {
  std::array<char, kMaxMessageBytes> message{};
  const ssize_t size = ::recv(socket_.get(), message.data(), message.size(), 0);
  if (size > 0 && ready_ && says_ready(std::string_view(message.data(), static_cast<size_t>(size)))) {
    std::exchange(ready_, nullptr)();
  }
  return size >= 0;
}

void NotifySocket::drain() {
  for (int left = kMaxWaiting; left > 0 && ready_ && receive(); --left) {
  }
}

}  // namespace caisson::agent
