// SPDX-License-Identifier: Apache-2.0
// One process the host asked for, from clone3 until its exit status is fetched: a small state machine fed by
// its control socket and by the reaper. Owned by ProcessTable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/child/child_spec.h"
#include "agent/child/clone.h"
#include "agent/child/control.h"
#include "agent/ids/user_namespace.h"
#include "agent/io/preserved_descriptors.h"
#include "agent/io/process_streams.h"
#include "common/event_loop.h"

namespace caisson::agent {

struct ExitStatus {
  uint32_t exit_code = 0;  // 128+n when signal n ended it
  uint32_t signal = 0;
  bool out_of_memory = false;
};

struct Owner {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

struct ProcessSpec {
  uint64_t token = 0;     // the host's name for it
  std::string container;  // id
  ChildSpec plan;
  uint64_t new_namespaces = 0;    // CLONE_NEW*
  IdMaps id_maps;                 // for a child with a user namespace of its own
  std::vector<UniqueFd> binds;    // see mounts/bind.h; closed once the child has them
  std::string time_offsets = {};  // lines of /proc/PID/timens_offsets
  bool output_ends_with_process = false;
  Owner root = {};  // the container's root, as the guest counts users: owns the pipes, so that the container
                    // knows their owner
};

class Process : public std::enable_shared_from_this<Process> {
 public:
  using Outcome = std::function<void(Result<void>)>;

  // `settled` is called once, later: when the first process of a container waits for start(), when an exec
  // runs, or when either failed.
  static Result<std::shared_ptr<Process>> launch(EventLoop& loop, ProcessSpec order, Outcome settled);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() = default;

  // Lets a first process go; `running` is called once, when its program runs or could not be executed.
  Result<void> start(Outcome running);
  Result<void> signal(int number);
  // Takes the host's connection for one of its streams, or for a descriptor it inherits.
  Result<void> attach(const StreamHello& hello, UniqueFd connection);
  // Called by the reaper: the process has ended. Messages in its control socket are read first.
  void note_exit(int wait_status);

  [[nodiscard]] uint64_t token() const { return order_.token; }
  [[nodiscard]] const std::string& container() const { return order_.container; }
  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] const UniqueFd& pidfd() const { return child_.pidfd; }
  [[nodiscard]] ProcessStreams& streams() { return streams_; }
  [[nodiscard]] const std::optional<ExitStatus>& exit() const { return exit_; }
  // Whether the kernel killed it for want of memory.
  void note_out_of_memory() { exit_->out_of_memory = true; }
  // Whether it never became the user's program. It then counts as never asked for.
  [[nodiscard]] bool is_failed() const { return failed_; }
  // Whether its program runs or ran: it has passed start().
  [[nodiscard]] bool is_executed() const { return phase_ == Phase::executed; }
  [[nodiscard]] bool is_waiting() const { return phase_ == Phase::waiting; }

 private:
  enum class Phase { setting_up, waiting, starting, executed };

  Process(EventLoop& loop, ProcessSpec order, Outcome settled);
  void on_control();
  // False when there is nothing more to hear.
  bool hear_one();
  void hear(ControlMessage message);
  void answer(Result<void> done, ControlKind kind);
  void hear_end();
  Result<void> set_oom_score() const;
  Result<void> give_to_root(const UniqueFd& pipe) const;
  void settle(Result<void> outcome);

  ProcessSpec order_;
  const bool waits_for_start_;  // the first process of a container
  ProcessStreams streams_;
  PreservedDescriptors preserved_;
  std::optional<Control> control_;
  Watch control_watch_;
  Cloned child_;
  Phase phase_ = Phase::setting_up;
  bool failed_ = false;
  Outcome outcome_;  // of the phase under way
  std::optional<ExitStatus> exit_;
};

}  // namespace caisson::agent
