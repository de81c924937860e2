// SPDX-License-Identifier: Apache-2.0
// Puts a Linux kernel and all it needs into guest memory by the 64-bit boot protocol [boot]. Called by
// KvmMachine, before a vCPU runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "vmm/boot/boot_file.h"
#include "vmm/boot/device_tree.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

// The files are opened before they are loaded, because the paths lead nowhere once the jail is closed.
struct LinuxFiles {
  BootFile kernel;
  std::optional<BootFile> initramfs;

  // `kernel` is the path of an uncompressed vmlinux, `initramfs` that of an archive; empty: none.
  static Result<LinuxFiles> open(const std::string& kernel, const std::string& initramfs);
};

struct LinuxBoot {
  std::string command_line;
  uint32_t cpus = 1;
  uint64_t memory_bytes = 0;  // how much of `memory` Linux uses at boot; 0: all
  std::vector<DeviceTree::Device> devices;
};

// Returns where the first CPU starts; its other registers are as vmm/kvm/vcpu.cpp sets them. `memory` must
// be fresh (all zero).
Result<GuestAddress> load_linux(const GuestMemory& memory, const LinuxFiles& files, const LinuxBoot& boot);

}  // namespace caisson::vmm
