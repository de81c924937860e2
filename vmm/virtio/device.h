// SPDX-License-Identifier: Apache-2.0
// What every virtio device is, to both of its carriers: the MMIO transport of KvmMachine and the vhost-user
// server behind QEMU. A device sees queues and guest memory and knows nothing of machines or
// containers.
//
// Life: offered → activate() → on_kick()… → reset() → (activate() again) → destroyed. All calls come on the
// thread of the event loop the device was attached with; a device may register further descriptors on that
// loop.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "vmm/memory/guest_memory.h"
#include "vmm/virtio/queue.h"

namespace caisson::vmm {

// Device type numbers [virtio-1.2] 5.
enum class VirtioDeviceId : uint32_t {
  net = 1,
  block = 2,
  console = 3,
  rng = 4,
  balloon = 5,
  vsock = 19,
  fs = 26
};

class VirtioDevice {
 public:
  // What a driver and its transport have agreed on. Queues the driver left unset are absent.
  struct Activation {
    const GuestMemory* memory = nullptr;  // outlives the activation
    uint64_t features = 0;                // as negotiated, transport bits included
    std::vector<std::optional<VirtQueue>> queues;
    // The device found the driver in breach, has logged it and stopped: the transport sets DEVICE_NEEDS_RESET
    // and raises a configuration interrupt [virtio-1.2] 2.1.2 (vhost-user: the error eventfd).
    std::function<void(std::string_view reason)> needs_reset;
  };

  virtual ~VirtioDevice() = default;

  [[nodiscard]] virtual VirtioDeviceId id() const = 0;
  // For logs and the device tree, e.g. "vsock".
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Device-specific feature bits offered; the transport adds VERSION_1, INDIRECT_DESC and EVENT_IDX.
  [[nodiscard]] virtual uint64_t features() const = 0;
  // The largest size of each queue; the count of entries is the count of queues.
  [[nodiscard]] virtual std::span<const uint16_t> queue_sizes() const = 0;

  // Device configuration space [virtio-1.2] 2.5. Reads past its end give zeros; writes are ignored unless the
  // device has writable fields. May be called at any time.
  virtual void read_config(uint64_t offset, std::span<std::byte> out) const = 0;
  virtual void write_config(uint64_t /*offset*/, std::span<const std::byte> /*in*/) {}

  virtual Result<void> activate(Activation activation) = 0;
  // The driver made buffers available in queue `index` (< queue_sizes().size()); spurious calls are allowed.
  virtual void on_kick(uint16_t index) = 0;
  // Forgets everything negotiated, returns every outstanding chain, drops the queues and gives back their
  // state (vhost-user GET_VRING_BASE needs it). Harmless when not active.
  virtual std::vector<VirtQueue::State> reset() = 0;
};

}  // namespace caisson::vmm
