// SPDX-License-Identifier: Apache-2.0
// One sandbox: the machine, its devices, and what the host wants of them. Built once from the launch
// document, run on the main loop until the container's first process or the guest ends; then the process
// exits with the result.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "protocol/launch/launch_spec.h"
#include "protocol/sandbox/exit_record.h"
#include "vmm/jail/host_sockets.h"
#include "vmm/jail/host_view.h"
#include "vmm/machine/machine.h"
#include "vmm/proc_view/proc_view.h"
#include "vmm/sandbox/clock_keeper.h"
#include "vmm/sandbox/control_socket.h"
#include "vmm/sandbox/event_channel.h"
#include "vmm/sandbox/guest_log.h"
#include "vmm/sandbox/host_oom_kill.h"
#include "vmm/sandbox/init_process.h"
#include "vmm/sandbox/service_manager.h"
#include "vmm/sandbox/side_loops.h"
#include "vmm/sandbox/silence.h"
#include "vmm/sandbox/status_socket.h"
#include "vmm/sandbox/wakefulness.h"
#include "vmm/virtio/fs/device.h"
#include "vmm/virtio/rng/device.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::vmm {

class Sandbox {
 public:
  // Opens everything the sandbox will ever need of the host. Nothing of the guest runs yet.
  static Result<std::unique_ptr<Sandbox>> create(LaunchSpec spec, StatusSocket& status, EventLoop& main_loop);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  // Lets the guest go. The end comes as exit_code(), with the main loop stopped.
  Result<void> start();

  // A signal that caisson-vmm received: passed to the container's first process, or the end of a sandbox not
  // ready.
  void on_signal(int number);

  // The starter has died before the container was on record.
  void abandon();

  [[nodiscard]] int exit_code() const { return end_.exit_code; }

  // If the guest's OOM killer ended the container: the last act of this process, which lets the host's
  // engines know, or why it cannot be done. Once.
  std::optional<Result<HostOomKill>> take_oom_kill();

 private:
  // The exit code of a sandbox whose guest ended before the container did.
  static constexpr int kGuestLostExitCode = 255;
  // The giver of the first process's files, which is no client of the control socket. The files wait for the
  // process without a time limit.
  static constexpr int kStarter = -1;

  enum class Phase {
    booting,   // the starter waits for the guest
    ready,     // its agent has spoken
    finished,  // end_ says how; only the main loop has still to stop
  };
  using Answer = Result<std::string> (Sandbox::*)(ControlSocket::Request& request);
  static Answer answer_of(Verb verb);

  Sandbox(LaunchSpec spec, StatusSocket& status, EventLoop& main_loop);
  Result<void> open_machine();
  Result<void> open_devices();
  Result<void> open_sockets();
  Result<void> serve_processes();
  Result<agent::AgentClient> connect_agent();
  void on_agent(UniqueFd stream);
  void on_event(const agent::v1::AgentEvent& event);
  void on_ready(const agent::v1::AgentEvent& event);
  void report_ready(const LaunchStatus& status);
  void report_oom_kill(bool machine_is_full);
  void on_init_end(const Result<agent::ProcessExit>& end);
  void on_machine_stop(const MachineStop& stop);
  Result<std::string> on_control(ControlSocket::Request request);
  Result<std::string> serve(ControlSocket::Request& request);
  Result<std::string> wake(ControlSocket::Request& request);
  Result<std::string> pause(ControlSocket::Request& request);
  Result<std::string> resume(ControlSocket::Request& request);
  Result<std::string> counters(ControlSocket::Request& request);
  Result<std::string> stop(ControlSocket::Request& request);
  Result<void> serve_files(const std::vector<std::string>& names, std::vector<UniqueFd> files, int giver);
  void on_hang_up(ControlSocket::Client client);
  void lose_guest(const std::string& why);
  void finish(ExitRecord record);

  LaunchSpec spec_;
  HostView view_;        // until the jail is closed
  HostSockets sockets_;  // likewise
  StatusSocket& status_;
  EventLoop& main_loop_;
  std::unique_ptr<SideLoops> loops_;

  std::string machine_name_;
  std::string announcement_;
  UniqueFd outputs_;  // in the state directory, the only place to which an intruder in caisson-vmm can write
  const bool is_log_ours_;  // the log goes to a file or a terminal, and not into the container's output
  Result<HostOomKill> oom_kill_;
  std::vector<StdioStream> stdio_;

  std::unique_ptr<vsock::Device> vsock_;
  std::unique_ptr<rng::Device> rng_;
  std::unique_ptr<fs::Device> fs_;
  std::unique_ptr<Machine> machine_;  // after the devices: it lets go of them when destroyed

  std::unique_ptr<Wakefulness> wakefulness_;
  std::unique_ptr<ControlSocket> control_;
  std::unique_ptr<EventChannel> events_;
  GuestLog guest_log_;
  ServiceManager service_manager_;
  std::unique_ptr<InitProcess> init_;
  std::unique_ptr<Silence> silence_;
  std::unique_ptr<ClockKeeper> clock_;
  std::unique_ptr<ProcView> proc_view_;  // none if the host is shown no processes
  Phase phase_ = Phase::booting;
  bool out_of_memory_ = false;  // the OOM killer has killed a process of the container
  ExitRecord end_{.exit_code = kGuestLostExitCode, .out_of_memory = false, .guest_lost = {}};
};

}  // namespace caisson::vmm
