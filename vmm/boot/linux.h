// SPDX-License-Identifier: Apache-2.0
// Puts a Linux kernel and all it needs into guest memory by the 64-bit boot protocol [boot]. Called by
// KvmMachine, before a vCPU runs.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "vmm/boot/device_tree.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

struct LinuxBoot {
  std::string kernel;     // path of an uncompressed vmlinux
  std::string initramfs;  // path of an archive; empty: none
  std::string command_line;
  uint32_t cpus = 1;
  std::vector<DeviceTree::Device> devices;
};

// Returns where the first CPU starts; its other registers are as vmm/kvm/registers.h sets them. `memory` must
// be fresh (all zero).
Result<GuestAddress> load_linux(const GuestMemory& memory, const LinuxBoot& boot);

}  // namespace caisson::vmm
