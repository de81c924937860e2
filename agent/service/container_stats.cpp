// SPDX-License-Identifier: Apache-2.0
// ContainerStats: the cgroup's own files; the host makes figures of them.
#include <array>

#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

constexpr std::array kFiles = {
    "cpu.stat",
    "cpu.max",
    "cpu.weight",
    "cpu.pressure",
    "memory.current",
    "memory.peak",
    "memory.max",
    "memory.high",
    "memory.low",
    "memory.stat",
    "memory.events",
    "memory.swap.current",
    "memory.swap.max",
    "memory.pressure",
    "pids.current",
    "pids.max",
    "io.stat",
    "io.pressure",
    "cpuset.cpus.effective",
    "cpuset.mems.effective",
    "hugetlb.2MB.current",
    "hugetlb.2MB.max",
};

Result<v1::ContainerStatsResponse> stats(Agent& agent, const std::string& id) {
  const Container* container = TRY(agent.containers().find(id));
  if (!container->cgroup) {
    return fail(EOPNOTSUPP, "read stats of container " + id + ": the guest has no cgroups");
  }
  v1::ContainerStatsResponse response;
  for (const char* name : kFiles) {
    // What this kernel does not count is left out.
    if (auto text = container->cgroup->read(name)) {
      (*response.mutable_files())[name] = std::move(*text);
    }
  }
  return response;
}

}  // namespace

void container_stats(Agent& agent, const v1::ContainerStatsRequest& request, ttrpc::Responder responder) {
  const auto response = stats(agent, request.container());
  if (response) {
    responder.succeed(*response);
  } else {
    responder.fail(response.error());
  }
}

}  // namespace caisson::agent
