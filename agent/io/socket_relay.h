// SPDX-License-Identifier: Apache-2.0
// A Unix socket of the host as the container has it. A client of the relay's socket is connected to the
// host's socket through caisson-vmm, which alone decides where that leads. Streams of bytes; descriptors do
// not pass. Made by service/create_container.cpp for a mount, in a directory of its own, so that it can be
// bound from there.
#pragma once

#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

class SocketRelay {
 public:
  // LIMIT: connections of one relay; caisson-vmm takes 64 of its guest, all in all.
  static constexpr size_t kMostConnections = 48;

  // Listens at `path`, with the owner and the mode that `likeness` has; `address` is the host's end, as
  // transport/listener.h has it. The socket is removed with the object.
  static Result<std::unique_ptr<SocketRelay>> create(EventLoop& loop, const std::string& path,
                                                     const struct stat& likeness, std::string address);
  SocketRelay(const SocketRelay&) = delete;
  SocketRelay& operator=(const SocketRelay&) = delete;
  ~SocketRelay();

 private:
  SocketRelay(EventLoop& loop, std::string path, std::string address)
      : loop_(loop), path_(std::move(path)), address_(std::move(address)) {}
  void accept_one();
  void join(int host);

  EventLoop& loop_;
  std::string path_;
  std::string address_;
  UniqueFd listener_;
  Watch watch_;
  struct Pending {
    UniqueFd client;
    UniqueFd host;
    Watch connected;
  };
  std::map<int, Pending> pending_;  // by the host's end, which is still connecting
  std::shared_ptr<size_t> pumps_ = std::make_shared<size_t>(0);  // two a connection; they may outlive us
};

}  // namespace caisson::agent
