// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/command_line.h"

namespace caisson::vmm {

std::string kvm_command_line(const MachineConfig& config) {
  std::string line =
      "console=ttyS0 panic=-1 reboot=t no_timer_check tsc=reliable rcupdate.rcu_expedited=1"
      " dummy.numdummies=0 ifb.numifbs=0";
  line += config.console ? " loglevel=7" : " quiet";
  if (config.memory_bytes > GuestMemory::kHoleStart) {
    line += " swiotlb=noforce";
  }
  if (!config.extra_kernel_arguments.empty()) {
    line += " " + config.extra_kernel_arguments;
  }
  return line;
}

}  // namespace caisson::vmm
