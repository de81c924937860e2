// SPDX-License-Identifier: Apache-2.0
#include "agent/service/agent.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/boot/cycles.h"
#include "agent/machine/uptime.h"
#include "agent/service/calls.h"
#include "agent/service/removal.h"
#include "agent/transport/listener.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/names.h"

namespace caisson::agent {
namespace {

Result<void> make_directory(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST ? Result<void>{}
                                                             : fail_errno("make directory " + path);
}

}  // namespace

Agent::Agent(EventLoop& loop, AgentOptions options)
    : loop_(loop),
      options_(std::move(options)),
      processes_(loop, [this](Process& process) { note_exit(process); }) {}

Result<std::unique_ptr<Agent>> Agent::create(EventLoop& loop, AgentOptions options) {
  std::unique_ptr<Agent> agent(new Agent(loop, std::move(options)));
  const AgentOptions& at = agent->options_;
  // Both ports listen before the host is called: it may use them the moment it is.
  UniqueFd calls = TRY(listen_on(at.rpc_address));
  UniqueFd streams = TRY(listen_on(at.stream_address));
  agent->server_ = TRY(ttrpc::Server::create(loop, std::move(calls), kService, methods_of(*agent)));
  agent->streams_ = TRY(StreamPort::create(loop, std::move(streams), agent->processes_));
  agent->events_ = std::make_unique<EventStream>(loop, TRY(connect_to(at.event_address)));
  return agent;
}

void Agent::announce_ready(uint64_t tsc_at_start) {
  v1::AgentEvent event;
  v1::Ready& ready = *event.mutable_ready();
  ready.set_protocol(1);
  ready.set_uptime_ns(uptime_ns());
  ready.set_tsc_at_start(tsc_at_start);
  ready.set_tsc_at_ready(cycles());
  ready.set_agent_version(CAISSON_VERSION);
  utsname names{};
  ::uname(&names);
  ready.set_kernel_release(names.release);
  events_->send(event);
}

Result<void> Agent::mount_exports() {
  if (exports_mounted_ || !options_.is_guest_init) {
    return {};
  }
  TRY(make_directory(options_.run_directory));
  TRY(make_directory(options_.exports));
  if (::mount(kExportsTag, options_.exports.c_str(), "virtiofs", 0, nullptr) < 0) {
    return fail_errno("mount the host's exports");
  }
  exports_mounted_ = true;
  return {};
}

void Agent::note_memory_events(Container& container) {
  if (container.spare_memory) {
    if (const auto looked = container.spare_memory->look(); !looked) {
      events_->log(LogLevel::warning, "give the guest more memory: " + looked.error().message,
                   {{"container", container.id}});
    }
  }
  const uint64_t kills = container.cgroup->read_key("memory.events", "oom_kill");
  if (kills <= container.oom_kills) {
    return;
  }
  container.oom_kills = kills;
  // [cgroup-v2] memory.events, "oom": "The number of time the cgroup's memory usage was reached the limit".
  const uint64_t hits = container.cgroup->read_key("memory.events", "oom");
  v1::AgentEvent event;
  event.mutable_out_of_memory()->set_container(container.id);
  event.mutable_out_of_memory()->set_machine_is_full(hits <= container.limit_hits);
  container.limit_hits = hits;
  events_->send(event);
}

void Agent::note_exit(Process& process) {
  const auto found = containers_.find(process.container());
  if (!found) {
    return;
  }
  Container& container = **found;
  if (container.cgroup) {
    note_memory_events(container);
    if (process.exit()->signal == SIGKILL && container.oom_kills > 0) {
      process.note_out_of_memory();
    }
  }
  if (container.init.get() == &process) {
    end_container(container);
  }
  // Not now: the reaper is in the middle of it.
  loop_.post([this, id = container.id] {
    if (const auto left = containers_.find(id)) {
      continue_removal(*this, **left);
    }
  });
}

// The host cuts the power once it has heard of the first process's end: what was written must be there by
// then.
void Agent::end_container(Container& container) {
  if (container.cgroup) {
    // Where it has no process namespace of its own, this is what ends the rest of it.
    (void)container.cgroup->kill();
  }
  if (container.notify) {
    container.notify->drain();
  }
  const UniqueFd exports(::open(options_.exports.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (exports && ::syncfs(exports.get()) < 0) {
    events_->log(LogLevel::error, fail_errno("write back the container's files").value().message,
                 {{"container", container.id}});
  }
}

}  // namespace caisson::agent
