// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/sandbox.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "common/detached_directory.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/names.h"
#include "protocol/sandbox/files.h"
#include "vmm/jail/jail.h"
#include "vmm/sandbox/exports.h"
#include "vmm/sandbox/outputs.h"
#include "vmm/sandbox/select_machine.h"

namespace caisson::vmm {

Result<std::unique_ptr<Sandbox>> Sandbox::create(LaunchSpec spec, StatusSocket& status,
                                                 EventLoop& main_loop) {
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::move(spec), status, main_loop));
  TRY(sandbox->open_machine());
  TRY(sandbox->open_devices());
  TRY(sandbox->open_sockets());
  return sandbox;
}

Sandbox::Sandbox(LaunchSpec spec, StatusSocket& status, EventLoop& main_loop)
    : spec_(std::move(spec)),
      status_(status),
      main_loop_(main_loop),
      is_log_ours_(!spec_.log.path.empty() || ::isatty(STDERR_FILENO) == 1),
      oom_kill_(HostOomKill::open(spec_.memory_cgroup)) {}

Sandbox::~Sandbox() {
  proc_view_.reset();
  silence_.reset();
  init_.reset();
  clock_.reset();
  machine_.reset();
  if (loops_) {
    loops_->stop();
  }
}

Result<void> Sandbox::open_machine() {
  MachineConfig config{{spec_.machine}, {}, HostClock(spec_.clock)};
  if (config.console) {
    config.on_console_line = [this](const std::string& line) {
      main_loop_.post([this, line] { guest_log_.say(spdlog::level::info, "console: " + line); });
    };
  }
  Selected selected = TRY(select_machine(spec_.hypervisor, config, main_loop_));
  machine_ = std::move(selected.machine);
  wakefulness_ = std::make_unique<Wakefulness>(*machine_);
  machine_name_ = std::move(selected.name);
  announcement_ = std::move(selected.announcement);
  return {};
}

Result<void> Sandbox::open_devices() {
  loops_ = TRY(SideLoops::create());

  vsock_ = std::make_unique<vsock::Device>(main_loop_);
  rng_ = std::make_unique<rng::Device>(main_loop_);
  fs::Device::Config files;
  DetachedExports exports = TRY(detach_exports(spec_));
  files.server.exports = std::move(exports.served);
  view_ = std::move(exports.view);
  sockets_ = std::move(exports.sockets);
  proc_view_ = ProcView::show(view_);
  fs_ = TRY(fs::Device::create(std::move(files), loops_->files()));

  clock_ = TRY(ClockKeeper::create(main_loop_, loops_->agent(), [this] { return connect_agent(); }));

  TRY(machine_->attach(*vsock_, main_loop_));
  TRY(machine_->attach(*fs_, loops_->files()));
  TRY(machine_->attach(*rng_, main_loop_));
  return {};
}

// Without a view of the container there is nobody to serve.
Result<void> Sandbox::serve_processes() {
  if (!proc_view_) {
    return {};
  }
  return proc_view_->serve(
      {.main_loop = &main_loop_, .agent_loop = &loops_->agent(), .container = spec_.id, .connect = [this] {
         return connect_agent();
       }});
}

Result<agent::AgentClient> Sandbox::connect_agent() {
  return init_ ? init_->connect() : fail(EAGAIN, "reach the agent: the guest is not ready");
}

Result<void> Sandbox::open_sockets() {
  // Who reads what lies there is root: nothing of it leads elsewhere, is a device or is executed.
  outputs_ =
      TRY(open_detached_directory(spec_.output_directory, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                                              MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW));
  std::vector<std::string> names;
  for (const LaunchSpec::Served& served : spec_.served) names.push_back(served.name);
  TRY(serve_files(names, TRY_CONTEXT("take over stdio", take_served(spec_.served)), kStarter));
  stdio_ = TRY_CONTEXT("take over stdio", take_stdio(spec_.stdio));
  for (StdioStream& stream : TRY(take_preserved(spec_.preserved))) {
    stdio_.push_back(std::move(stream));
  }
  TRY(vsock_->muxer().clients().listen(spec_.state_directory + "/" + sandbox_file::kVsockSocket));
  TRY(vsock_->muxer().on_guest_connect(agent::kEventPort,
                                       [this](UniqueFd stream) { on_agent(std::move(stream)); }));
  for (const HostSocket& socket : sockets_) {
    TRY(vsock_->muxer().forward_guest_port(socket.port,
                                           [port = socket.port] { return dial_host_socket(port); }));
  }
  if (spec_.service_manager) {
    service_manager_ =
        TRY(ServiceManager::connect(UniqueFd(spec_.service_manager->fd), spec_.service_manager->main_pid));
  }
  silence_ = std::make_unique<Silence>(Silence::Place{.main_loop = &main_loop_,
                                                      .agent_loop = &loops_->agent(),
                                                      .log = &guest_log_,
                                                      .outputs = outputs_.get(),
                                                      .container = spec_.id,
                                                      .patience = std::chrono::seconds(spec_.hang_seconds),
                                                      .connect = [this] { return connect_agent(); }});
  control_ = TRY(ControlSocket::open(
      main_loop_, spec_.state_directory,
      [this](ControlSocket::Request request) { return on_control(std::move(request)); },
      [this](ControlSocket::Client client) { on_hang_up(client); }));
  return {};
}

Result<void> Sandbox::start() {
  const auto start_machine = [this] {
    return machine_->start([this](const MachineStop& stop) { on_machine_stop(stop); });
  };
  // Nothing of the guest is read before the jail is closed: what QEMU says waits until the loops run.
  if (machine_->is_child_process()) {
    TRY(start_machine());
    TRY_CONTEXT("close the jail",
                enter_jail(JailKind::child_machine, spec_.state_directory, std::move(view_), sockets_));
    TRY(serve_processes());
    loops_->start();
    return {};
  }
  TRY_CONTEXT("close the jail",
              enter_jail(JailKind::own_machine, spec_.state_directory, std::move(view_), sockets_));
  TRY(serve_processes());
  loops_->start();
  return start_machine();
}

// LIMIT: the first connection is the agent's, for good; a guest that opens more gets them closed.
void Sandbox::on_agent(UniqueFd stream) {
  if (events_) {
    return;
  }
  auto opened = EventChannel::open(main_loop_, std::move(stream),
                                   [this](const agent::v1::AgentEvent& event) { on_event(event); });
  if (!opened) {
    lose_guest(opened.error().message);
    return;
  }
  events_ = std::move(*opened);
}

void Sandbox::on_event(const agent::v1::AgentEvent& event) {
  switch (event.event_case()) {
    case agent::v1::AgentEvent::kReady:
      on_ready(event);
      break;
    case agent::v1::AgentEvent::kLog:
      guest_log_.write(event.log());
      break;
    case agent::v1::AgentEvent::kOutOfMemory:
      out_of_memory_ = true;
      report_oom_kill(event.out_of_memory().machine_is_full());
      break;
    case agent::v1::AgentEvent::kContainerReady:
      service_manager_.tell_ready();
      break;
    default:
      break;
  }
}

void Sandbox::on_ready(const agent::v1::AgentEvent& event) {
  if (phase_ != Phase::booting) {
    return;
  }
  phase_ = Phase::ready;
  init_ = std::make_unique<InitProcess>(main_loop_, loops_->agent(), vsock_->muxer(), spec_.init_process);
  LaunchStatus status;
  status.ready = true;
  status.error = {.code = 0, .message = {}};
  status.machine = machine_name_;
  status.announcement = announcement_;
  status.agent_version = event.ready().agent_version();
  status.kernel_release = event.ready().kernel_release();
  status.agent_tsc_at_start = event.ready().tsc_at_start();
  status.agent_tsc_at_ready = event.ready().tsc_at_ready();
  // ORDERING: who is told that the guest is ready has things run in it, and those shall find the clock right.
  const auto set_clock = [this, status](agent::AgentClient& agent) {
    clock_->set_first(agent);
    main_loop_.post([this, status] { report_ready(status); });
  };
  const auto attached =
      init_->attach(std::move(stdio_), set_clock, [this](const auto& end) { on_init_end(end); });
  if (!attached) {
    status_.report_failure(with_context("reach the agent", attached.error()));
    lose_guest(attached.error().message);
    return;
  }
  silence_->begin();
}

void Sandbox::report_oom_kill(bool machine_is_full) {
  // Without a log of its own this would be said on the container's standard error, which is compared.
  guest_log_.say(
      is_log_ours_ ? spdlog::level::warn : spdlog::level::debug,
      machine_is_full
          ? fmt::format("container {}: its VM has no more memory than {} MiB, and a process was killed for "
                        "want of it; "
                        "give the container a larger linux.resources.memory.limit or the annotation "
                        "org.caisson.max-memory",
                        spec_.id, spec_.machine.ram_bytes() >> 20U)
          : fmt::format("container {} reached its memory limit and a process of it was killed", spec_.id));
}

void Sandbox::report_ready(const LaunchStatus& status) {
  if (phase_ != Phase::finished) {
    status_.report(status);
  }
}

void Sandbox::on_init_end(const Result<agent::ProcessExit>& end) {
  if (events_) {
    events_->drain();  // sent before the answer, and perhaps not read yet
  }
  if (!end) {
    spdlog::error("container {}: agent: {}", spec_.id, end.error().message);
    lose_guest("agent: " + end.error().message);
    return;
  }
  finish({.exit_code = static_cast<int>(end->exit_code & 0xff),
          .out_of_memory = end->out_of_memory || out_of_memory_,
          .guest_lost = {}});
}

void Sandbox::on_machine_stop(const MachineStop& stop) {
  std::string why = stop.reason == StopReason::guest_reset ? "guest kernel stopped" : "machine stopped";
  if (!stop.detail.empty()) {
    why += ": " + stop.detail;
  }
  if (phase_ == Phase::ready) {
    spdlog::error("container {}: {}", spec_.id, why);
  }
  lose_guest(why);
}

void Sandbox::abandon() {
  spdlog::warn("sandbox {}: its starter died before the container was on record, stopping", spec_.id);
  lose_guest("abandoned: caisson died before the container was on record");
}

std::optional<Result<HostOomKill>> Sandbox::take_oom_kill() {
  const bool is_oom_killed = end_.out_of_memory && end_.exit_code == 128 + SIGKILL;
  return is_oom_killed ? std::optional(std::move(oom_kill_)) : std::nullopt;
}

void Sandbox::lose_guest(const std::string& why) {
  finish({.exit_code = kGuestLostExitCode, .out_of_memory = out_of_memory_, .guest_lost = why});
}

// The first end counts: what follows it is its consequence.
void Sandbox::finish(ExitRecord record) {
  if (phase_ == Phase::finished) {
    return;
  }
  if (std::exchange(phase_, Phase::finished) == Phase::booting) {
    const std::string why = record.guest_lost.empty() ? "stopped by the host" : record.guest_lost;
    status_.report_failure({.code = EIO, .message = "boot guest: " + why});
  }
  end_ = std::move(record);
  machine_->stop();
  if (const auto written = write_exit_record(outputs_.get(), end_); !written) {
    // The exit code still tells the engine; `delete` may have taken the directory already.
    spdlog::debug("{}", written.error().message);
  }
  main_loop_.stop();
}

}  // namespace caisson::vmm
