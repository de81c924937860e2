// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/status_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace caisson::vmm {

Result<std::unique_ptr<StatusSocket>> StatusSocket::open(EventLoop& loop, UniqueFd socket,
                                                         std::function<void()> on_abandoned) {
  std::unique_ptr<StatusSocket> status(new StatusSocket(std::move(socket), std::move(on_abandoned)));
  StatusSocket* self = status.get();
  self->watch_ = TRY_CONTEXT("watch status socket", loop.watch(self->socket_.get(), EPOLLIN,
                                                               [self](uint32_t) { self->on_readable(); }));
  return status;
}

StatusSocket::StatusSocket(UniqueFd socket, std::function<void()> on_abandoned)
    : socket_(std::move(socket)), on_abandoned_(std::move(on_abandoned)) {}

void StatusSocket::report(const LaunchStatus& status) {
  if (reported_ || !socket_) {
    return;
  }
  reported_ = true;
  const std::string text = to_json(status);
  // A starter that has gone is noticed by on_readable(); MSG_NOSIGNAL keeps this process alive until then.
  [[maybe_unused]] const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

void StatusSocket::report_failure(const Error& error) {
  LaunchStatus status;
  status.error = error;
  report(status);
}

void StatusSocket::on_readable() {
  char byte = 0;
  const ssize_t got = ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  const bool committed = got == 1 && byte == kCommit;
  watch_.reset();
  socket_.reset();
  if (!committed) {
    on_abandoned_();
  }
}

}  // namespace caisson::vmm
