// SPDX-License-Identifier: Apache-2.0
// CreateProcess: one more process in a container, running or waiting for its start, in its namespaces and its
// cgroup.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <climits>

#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

// The cgroup a container's first process has moved itself to.
Result<UniqueFd> cgroup_of_init(const Agent& agent, const Container& container) {
  const std::string file = "/proc/" + std::to_string(container.init->pid()) + "/cgroup";
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  // LIMIT: a path of the kernel's.
  std::string text(PATH_MAX, '\0');
  const ssize_t size = opened ? ::read(opened.get(), text.data(), text.size()) : -1;
  if (size < 0) {
    return fail_errno("read " + file);
  }
  const std::string path =
      agent.options().cgroup_root +
      TRY(parse_cgroup_path(std::string_view(text).substr(0, static_cast<size_t>(size))));
  const std::string& top = container.cgroup->path();
  if (path != top && !path.starts_with(top + "/")) {
    return fail(EPERM, "create process: the container's first process is in no cgroup of the container");
  }
  return container.cgroup->open_below(path.substr(top.size()));
}

Result<std::shared_ptr<Process>> launch_in(Agent& agent, const v1::CreateProcessRequest& request,
                                           const Container& container, int cgroup,
                                           const Process::Outcome& settled) {
  ProcessSpec order{
      .token = request.token(),
      .container = container.id,
      .plan = {.process = &request.process(),
               .container = nullptr,
               .stdio = {-1, -1, -1},
               .exports = agent.options().exports,
               .cgroup = cgroup,
               .mount_point = {},
               .joins = {Join{.pidfd = container.init->pidfd().get(), .kinds = container.namespaces}}},
      .new_namespaces = 0,
      .id_maps = {},
      .binds = {},
      .output_ends_with_process = request.output_ends_with_process(),
      .root = container.root};
  return agent.processes().launch(std::move(order), settled);
}

Result<std::shared_ptr<Process>> launch(Agent& agent, const v1::CreateProcessRequest& request,
                                        const Process::Outcome& settled) {
  if (!request.has_process()) {
    return fail(EINVAL, "create process: process is missing");
  }
  const Container* container = TRY(agent.containers().find_enterable(request.container()));
  if (container->paused) {
    return fail(EBUSY, "create process: container " + container->id + " is paused; resume it first");
  }
  if (!container->cgroup) {
    return launch_in(agent, request, *container, -1, settled);
  }
  const UniqueFd cgroup = TRY(container->cgroup->open_below(request.cgroup()));
  auto launched = launch_in(agent, request, *container, cgroup.get(), settled);
  if (launched || launched.error().code != EBUSY || !request.cgroup().empty()) {
    return launched;
  }
  // A cgroup that passes controllers down has no processes of its own: those of a service manager or an
  // engine in the container live beneath it, and so does its first one. As runc does.
  const UniqueFd beneath = TRY(cgroup_of_init(agent, *container));
  return launch_in(agent, request, *container, beneath.get(), settled);
}

}  // namespace

void create_process(Agent& agent, const v1::CreateProcessRequest& request, ttrpc::Responder responder) {
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  const auto process = std::make_shared<std::weak_ptr<Process>>();
  const auto launched = launch(agent, request, [shared, process](const Result<void>& running) {
    const auto self = process->lock();
    if (!running || !self) {
      shared->fail(running ? Error{.code = ECHILD, .message = "create process: it died"} : running.error());
      return;
    }
    v1::CreateProcessResponse response;
    response.set_guest_pid(static_cast<uint32_t>(self->pid()));
    shared->succeed(response);
  });
  if (!launched) {
    shared->fail(launched.error());
    return;
  }
  *process = *launched;
}

}  // namespace caisson::agent
