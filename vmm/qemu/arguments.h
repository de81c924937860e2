// SPDX-License-Identifier: Apache-2.0
// The command line of QEMU, and in it the command line of the guest's kernel: a list with a reason for each
// word. Pure; QemuMachine calls it with the descriptors QEMU will inherit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "vmm/machine/machine.h"
#include "vmm/qemu/options.h"
#include "vmm/virtio/device.h"

namespace caisson::vmm {

struct QemuDescriptors {
  int memory = -1;
  int kernel = -1;
  int initramfs = -1;
  int console = -1;
  int monitor = -1;
};

struct QemuDevice {
  const VirtioDevice* device = nullptr;
  int socket = -1;  // QEMU's end of the vhost-user connection
};

// `tsc_khz`: the frequency of this host's time stamp counter, which is the guest's under TCG.
Result<std::vector<std::string>> qemu_arguments(const MachineConfig& config, const QemuOptions& options,
                                                const QemuDescriptors& descriptors,
                                                const std::vector<QemuDevice>& devices, uint64_t tsc_khz);

}  // namespace caisson::vmm
