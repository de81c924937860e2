// SPDX-License-Identifier: Apache-2.0
// control.sock in the state directory: one JSON object a line in, one a line out (docs/launch.md). Served on
// the main loop to the runtime's commands, which run as the same user; the directory's mode keeps others out.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "common/unique_fd.h"
#include "protocol/control/verb.h"

namespace caisson::vmm {

class ControlSocket {
 public:
  // Names a connection while it lasts.
  using Client = int;
  // One line of a client, checked.
  struct Request {
    Verb verb;
    Client client;
    std::vector<std::string> names = {};     // of Verb::serve alone
    std::vector<UniqueFd> descriptors = {};  // likewise, as many
  };
  // Answers with the JSON members to add after "ok":true (may be empty), or an error.
  using Handler = std::function<Result<std::string>(Request request)>;

  // Binds `directory`/control.sock (mode 0600). The loop must outlive the object.
  static Result<std::unique_ptr<ControlSocket>> open(EventLoop& loop, const std::string& directory,
                                                     Handler handler, std::function<void(Client)> on_hang_up);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket() = default;

 private:
  static constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};

  struct Connection {
    UniqueFd socket;
    Watch watch;
    std::string line;
    std::vector<UniqueFd> descriptors;  // that came with it
  };
  ControlSocket(EventLoop& loop, UniqueFd listener, Handler handler, std::function<void(Client)> on_hang_up);
  void on_connection();
  void on_readable(int fd);
  ssize_t receive(Connection& from) const;
  void answer(int fd, const std::string& line);
  void drop(int fd);

  EventLoop& loop_;
  UniqueFd listener_;
  Watch watch_;
  Timer accept_again_;  // after a want of descriptors
  Handler handler_;
  std::function<void(Client)> on_hang_up_;
  std::map<Client, Connection> clients_;
};

}  // namespace caisson::vmm
