// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_line.h"

#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

std::string kernel_command_line(const MachineConfig& config, std::string_view machine_words) {
  std::string line =
      "console=ttyS0 panic=-1 reboot=t tsc=reliable no_timer_check rcupdate.rcu_expedited=1"
      " dummy.numdummies=0 ifb.numifbs=0";
  const auto append = [&line](std::string_view words) {
    if (!words.empty()) {
      line.append(1, ' ').append(words);
    }
  };
  append(config.console ? "loglevel=7" : "quiet");
  append(machine_words);
  if (config.ram_bytes() > config.memory_bytes) {
    // What is above is there, and not for Linux until the agent says so.
    append("memmap=" + std::to_string(guest_layout::address_of(config.memory_bytes) >> 20U) + "M");
  }
  if (config.all_cpus() > config.cpus) {
    append("maxcpus=" + std::to_string(config.cpus));
  }
  // With RAM above 4 GiB, where what does not fit below the hole goes, Linux sets bounce buffers aside.
  append(config.memory_bytes > GuestMemory::kHoleStart ? "swiotlb=noforce" : "");
  append(config.extra_kernel_arguments);
  return line;
}

}  // namespace caisson::vmm
