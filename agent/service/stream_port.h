// SPDX-License-Identifier: Apache-2.0
// The port on which the host opens streams: takes connections, reads the StreamHello each begins with, and
// hands the rest of the connection to the process named in it. A connection that does not greet properly is
// closed.
#pragma once

#include <map>
#include <memory>

#include "agent/process/process_table.h"
#include "common/event_loop.h"
#include "protocol/agent/stream_hello.h"

namespace caisson::agent {

class StreamPort {
 public:
  static Result<std::unique_ptr<StreamPort>> create(EventLoop& loop, UniqueFd listener,
                                                    ProcessTable& processes);
  StreamPort(const StreamPort&) = delete;
  StreamPort& operator=(const StreamPort&) = delete;
  ~StreamPort() = default;

 private:
  struct Greeting {
    UniqueFd connection;
    Watch watch;
    std::string bytes;  // of the hello, so far
    Timer patience;
  };

  StreamPort(EventLoop& loop, UniqueFd listener, ProcessTable& processes);
  void accept_one();
  void read_hello(int fd);
  UniqueFd forget(int fd);

  EventLoop& loop_;
  UniqueFd listener_;
  Watch watch_;
  ProcessTable& processes_;
  std::map<int, Greeting> greetings_;
};

// EPROTO unless these are the bytes of a well-formed hello.
Result<StreamHello> parse_hello(std::string_view bytes);

}  // namespace caisson::agent
