// SPDX-License-Identifier: Apache-2.0
// Chooses the machine. `automatic` takes KVM if the self-test shows that it works, and otherwise QEMU, and
// says why. An explicit choice that cannot work is an error.
#pragma once

#include <memory>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "protocol/launch/launch_spec.h"
#include "vmm/machine/machine.h"

namespace caisson::vmm {

struct Selected {
  std::unique_ptr<Machine> machine;
  std::string name;          // "kvm" or "qemu"
  std::string announcement;  // why a fallback was taken, for the log; empty when none was
};

Result<Selected> select_machine(Hypervisor wanted, const MachineConfig& config, EventLoop& main_loop);

}  // namespace caisson::vmm
