// SPDX-License-Identifier: Apache-2.0
// The flattened device tree by which the guest learns its CPUs, interrupt controllers and virtio devices.
// What Linux reads of it is in docs/boot-device-tree.md; [dt] is the format, libfdt writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

struct DeviceTree {
  // One virtio-mmio device.
  struct Device {
    GuestAddress address{};
    uint64_t size_bytes = 0;
    uint32_t pin = 0;  // of the IOAPIC, edge triggered
  };
  uint32_t cpus = 1;            // APIC ids 0 … cpus-1
  std::vector<Device> devices;  // in the order they shall be probed
  // For people; Linux takes its memory from the e820 map.
  std::span<const GuestMemory::Region> memory;
};

// LIMIT: what Linux's early_memremap can map, less a page for the header before it
// (docs/boot-device-tree.md).
inline constexpr size_t kMaxDeviceTreeBytes = size_t{252} * 1024;

Result<std::vector<std::byte>> build_device_tree(const DeviceTree& tree);

}  // namespace caisson::vmm
