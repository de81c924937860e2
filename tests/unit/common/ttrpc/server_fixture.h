// SPDX-License-Identifier: Apache-2.0
// A server for tests to call, and its answers to bytes that no client would send.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/ttrpc/client.h"
#include "common/ttrpc/server.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {

// A server of service "test.Service" on an abstract socket, its loop on a thread of its own.
class TtrpcServer : public testing::Test {
 protected:
  void serve(Methods methods, ServerLimits limits = {}) {
    UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address_.sun_family = AF_UNIX;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(sa_family_t)),
              0);  // autobind
    length_ = sizeof(address_);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &length_), 0);
    ASSERT_EQ(::listen(listener.get(), 16), 0);
    loop_ = EventLoop::create().value();
    server_ = Server::create(*loop_, std::move(listener), "test.Service", std::move(methods), limits).value();
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->run()); });
  }
  void TearDown() override {
    loop_->stop();
    thread_.join();
    held_.clear();
    server_.reset();
  }

  UniqueFd connect() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), length_), 0);
    return fd;
  }
  static Result<std::string> call(Client& client, std::string_view method, std::string_view key) {
    wire::KeyValue request;
    request.set_key(std::string(key));
    wire::KeyValue response;
    TRY(client.call(method, request, response, std::chrono::steady_clock::now() + std::chrono::seconds(10)));
    return response.key();
  }
  static Handler echo() {
    return handler_of<wire::KeyValue>(
        [](const wire::KeyValue& request, Responder responder) { responder.succeed(request); });
  }
  Handler hold() {
    return [this](std::string_view, Responder responder) { held_.push_back(std::move(responder)); };
  }
  static bool is_closed_by_peer(const UniqueFd& fd) {
    char byte = 0;
    return ::recv(fd.get(), &byte, 1, 0) <= 0;
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Server> server_;
  std::vector<Responder> held_;
  std::thread thread_;
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

}  // namespace caisson::ttrpc
