// SPDX-License-Identifier: Apache-2.0
// Stands for one exec'd process on the host: its bytes, its signals, its window size, its exit code. Used by
// exec, in the foreground or in the relay process that --detach leaves behind. Partner: agent/io.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/relay/terminal.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent_client.h"
#include "runtime/relay/caught_signals.h"

namespace caisson::agent::v1 {
class CreateProcessRequest;
class Process;
}  // namespace caisson::agent::v1

namespace caisson::runtime {

// The host's ends of the process's streams. With a terminal only input and output count.
struct RelayEnds {
  int input = 0;
  int output = 1;
  int error = 2;
};

class ProcessRelay {
 public:
  // Opens the streams and makes the process. If the process has a terminal, the terminal has the size of
  // `terminal` from its first moment. A failed call never makes a second process. SIGWINCH must be caught
  // before.
  static Result<ProcessRelay> start(const std::string& vsock_socket, agent::v1::CreateProcessRequest request,
                                    int terminal);

  // Waits until the process has ended and its output is written. The output ends when no process in the guest
  // can write to it any more (with CreateProcessRequest.output_ends_with_process: when the process has
  // ended). As with runc, a child that holds the output prolongs the waiting, because its output is the
  // command's too. A signal that asks caisson to end ends the waiting. Returns 128+SIGKILL if the guest goes
  // away meanwhile. The threads that copy may outlive the call, blocked in reading `ends`: the process is
  // expected to exit.
  Result<int> attend(RelayEnds ends, const CaughtSignals& signals);

 private:
  ProcessRelay(agent::AgentClient agent, std::string vsock_socket)
      : agent_(std::move(agent)), vsock_socket_(std::move(vsock_socket)) {}
  Result<void> open_streams(const agent::v1::Process& process, agent::Deadline deadline);
  Result<void> wait_for_outputs(int ended, size_t count, const CaughtSignals& signals) const;
  Result<int> wait_for_exit(RelayEnds ends, const CaughtSignals& signals);
  void follow_window_size(int terminal);
  void pass_on(int signal);

  struct Preserved {
    int number;  // here and in the process
    bool reads;
    bool writes;
    UniqueFd stream;
  };

  agent::AgentClient agent_;  // carries WaitProcess
  std::string vsock_socket_;
  std::string container_;
  uint64_t process_ = 0;
  bool terminal_ = false;
  std::optional<WindowSize> size_;  // of the terminal, as the guest was last told
  struct Stream {
    agent::StreamKind kind;
    UniqueFd socket;
  };
  std::vector<Stream> streams_;  // the terminal, or the relayed ones of standard input, output and error
  std::vector<Preserved> preserved_;
};

}  // namespace caisson::runtime
