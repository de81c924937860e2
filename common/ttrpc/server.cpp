// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/server.h"

#include <google/protobuf/message_lite.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/ttrpc/connection.h"

namespace caisson::ttrpc {

Responder::Responder(std::weak_ptr<Connection> connection, uint32_t stream)
    : connection_(std::move(connection)), stream_(stream) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    drop();
    connection_ = std::move(other.connection_);
    stream_ = other.stream_;
    other.connection_.reset();
  }
  return *this;
}

Responder::~Responder() {
  drop();
}

void Responder::drop() {
  fail(Error{.code = EPROTO, .message = "serve request: the handler gave no answer"});
}

void Responder::succeed(const google::protobuf::MessageLite& response) {
  if (const auto connection = connection_.lock()) {
    connection_.reset();
    connection->answer(stream_, response.SerializeAsString());
  }
}

void Responder::fail(const Error& error) {
  if (const auto connection = connection_.lock()) {
    connection_.reset();
    connection->answer_error(stream_, error);
  }
}

Result<std::unique_ptr<Server>> Server::create(EventLoop& loop, UniqueFd listener, std::string service,
                                               Methods methods, ServerLimits limits) {
  std::unique_ptr<Server> server(
      new Server(loop, std::move(listener), std::move(service), std::move(methods), limits));
  server->watch_ = TRY(
      loop.watch(server->listener_.get(), EPOLLIN, [raw = server.get()](uint32_t) { raw->accept_one(); }));
  return server;
}

Server::Server(EventLoop& loop, UniqueFd listener, std::string service, Methods methods, ServerLimits limits)
    : loop_(loop),
      listener_(std::move(listener)),
      service_(std::move(service)),
      methods_(std::move(methods)),
      limits_(limits) {}

void Server::accept_one() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  // A refused or vanished peer is that peer's affair; the listener stays.
  if (!socket || connections_.size() >= limits_.connections) {
    return;
  }
  const int fd = socket.get();
  const auto connection = std::make_shared<Connection>(*this, std::move(socket));
  if (connection->listen(loop_)) {
    connections_[fd] = connection;
  }
}

void Server::forget(int fd) {
  connections_.erase(fd);
}

}  // namespace caisson::ttrpc
