// SPDX-License-Identifier: Apache-2.0
// GrowMachine: more memory and more CPUs for the guest, of those its machine has to spare.
#include "agent/machine/growth.h"
#include "agent/service/calls.h"

namespace caisson::agent {
namespace {

Result<void> grow(const Agent& agent, const v1::GrowMachineRequest& request) {
  // Outside a guest these would be the host's.
  if (!agent.options().is_guest_init) {
    return fail(EOPNOTSUPP, "grow machine: the agent is not a guest's");
  }
  const std::string devices = "/sys/devices/system";
  for (const uint64_t address : request.memory_blocks()) {
    TRY(take_memory_block(devices, address));
  }
  return start_cpus(devices, request.cpus());
}

}  // namespace

void grow_machine(Agent& agent, const v1::GrowMachineRequest& request, ttrpc::Responder responder) {
  answer(responder, grow(agent, request));
}

}  // namespace caisson::agent
