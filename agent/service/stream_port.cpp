// SPDX-License-Identifier: Apache-2.0
#include "agent/service/stream_port.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace caisson::agent {
namespace {

// LIMIT: connections that have not greeted yet (64 execs at once, open_streams()), and how long they may
// take.
constexpr size_t kMaxGreetings = 256;
constexpr std::chrono::seconds kPatience{10};

}  // namespace

Result<StreamHello> parse_hello(std::string_view bytes) {
  StreamHello hello;
  if (bytes.size() != sizeof(hello)) {
    return fail(EPROTO, "read stream hello: wrong length");
  }
  std::memcpy(&hello, bytes.data(), sizeof(hello));
  if (hello.magic != StreamHello::kMagic) {
    return fail(EPROTO, "read stream hello: wrong magic");
  }
  if (hello.kind > StreamKind::preserved || hello.reserved != 0) {
    return fail(EPROTO, "read stream hello: unknown kind");
  }
  if ((hello.kind == StreamKind::preserved) != (hello.descriptor != 0)) {
    return fail(EPROTO, "read stream hello: descriptor and kind contradict each other");
  }
  if (hello.process == 0) {
    return fail(EPROTO, "read stream hello: process 0");
  }
  return hello;
}

Result<std::unique_ptr<StreamPort>> StreamPort::create(EventLoop& loop, UniqueFd listener,
                                                       ProcessTable& processes) {
  std::unique_ptr<StreamPort> port(new StreamPort(loop, std::move(listener), processes));
  port->watch_ =
      TRY(loop.watch(port->listener_.get(), EPOLLIN, [raw = port.get()](uint32_t) { raw->accept_one(); }));
  return port;
}

StreamPort::StreamPort(EventLoop& loop, UniqueFd listener, ProcessTable& processes)
    : loop_(loop), listener_(std::move(listener)), processes_(processes) {}

void StreamPort::accept_one() {
  UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection || greetings_.size() >= kMaxGreetings) {
    return;
  }
  const int fd = connection.get();
  auto watched = loop_.watch(fd, EPOLLIN, [this, fd](uint32_t) { read_hello(fd); });
  if (!watched) {
    return;
  }
  greetings_[fd] = Greeting{.connection = std::move(connection),
                            .watch = std::move(*watched),
                            .bytes = {},
                            .patience = loop_.after(kPatience, [this, fd] { forget(fd); })};
}

void StreamPort::read_hello(int fd) {
  Greeting& greeting = greetings_.at(fd);
  std::array<char, sizeof(StreamHello)> chunk{};
  // Not a byte more than the hello: the rest is the process's.
  const ssize_t n = ::recv(fd, chunk.data(), chunk.size() - greeting.bytes.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (n <= 0) {
    forget(fd);
    return;
  }
  greeting.bytes.append(chunk.data(), static_cast<size_t>(n));
  if (greeting.bytes.size() < sizeof(StreamHello)) {
    return;
  }
  const auto hello = parse_hello(greeting.bytes);
  UniqueFd connection = forget(fd);
  if (hello) {
    // Refused, it is closed: its owner reads end of file.
    (void)processes_.attach(*hello, std::move(connection));
  }
}

UniqueFd StreamPort::forget(int fd) {
  const auto found = greetings_.find(fd);
  UniqueFd connection = std::move(found->second.connection);
  greetings_.erase(found);
  return connection;
}

}  // namespace caisson::agent
