// SPDX-License-Identifier: Apache-2.0
// Asks the agent what the container's /proc shows. Lives on the agent's loop and never waits there: one
// question is under way at a time, and the others stand in line. Whatever the guest does, each question gets
// an answer or an errno before its patience ends.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/event_loop.h"
#include "protocol/agent/agent_client.h"
#include "vmm/proc_view/texts.h"

namespace caisson::vmm {

// ENOENT: no such process; EAGAIN: the guest is not there yet, or stands still; ETIMEDOUT, EIO.
using ProcAnswer = Result<std::shared_ptr<const ProcDirectory>>;

class GuestProc {
 public:
  using Done = std::function<void(const ProcAnswer&)>;
  // Called when a connection is needed. The callee calls take() later, on the loop.
  using Connect = std::function<void()>;

  GuestProc(EventLoop& loop, std::string container, Connect connect, std::chrono::milliseconds patience);
  GuestProc(const GuestProc&) = delete;
  GuestProc& operator=(const GuestProc&) = delete;
  // Call it on the loop, or when the loop does not run. Questions that are left get no answer.
  ~GuestProc();

  // `done` is called once, perhaps at once.
  void ask(uint32_t pid, Done done);
  void take(Result<agent::AgentClient> client);

  // Between suspend() and resume() caisson-vmm itself has stopped the machine, so no answer is due.
  void suspend();
  void resume() { is_suspended_ = false; }

 private:
  struct Question {
    uint32_t pid;
    Done done;
  };

  void next();
  void hear();
  Result<void> start(uint32_t pid);
  void answer(const ProcAnswer& answer);
  void give_up(int code);
  void hang_up();
  void set_timer();

  EventLoop& loop_;
  std::string container_;
  Connect connect_;
  std::chrono::milliseconds patience_;
  std::deque<Question> questions_;  // the first is under way
  bool is_connecting_ = false;
  bool is_suspended_ = false;
  std::optional<agent::AgentClient> client_;
  Watch answers_;  // of client_
  std::optional<uint32_t> call_;
  Timer timer_;

  // The last answer: a reader takes one file of a process after the other.
  uint32_t recent_pid_ = 0;
  std::shared_ptr<const ProcDirectory> recent_;
  std::chrono::steady_clock::time_point recent_time_;
  std::chrono::steady_clock::time_point silence_time_;  // when the guest was last given up
};

}  // namespace caisson::vmm
