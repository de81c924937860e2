// SPDX-License-Identifier: Apache-2.0
// The virtio-mmio devices of a KvmMachine: their register pages, which the guest reads as memory, the
// eventfds for notifications and interrupts, and the ring of coalesced writes. Accesses come from vCPU
// threads, one at a time.
//
// By design only some accesses cost the guest an exit to user space: writes that decide something (status,
// feature and queue selectors, QueueReady, configuration). Reads, notifications, acknowledgements and the
// rest of the set-up cost none.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "vmm/boot/device_tree.h"
#include "vmm/kvm/event.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu_gate.h"
#include "vmm/virtio/transport/mmio/transport.h"

namespace caisson::vmm {

class MmioBus {
 public:
  // All must outlive the bus, `memory` and `gate` included.
  static Result<std::unique_ptr<MmioBus>> create(const Vm& vm, const GuestMemory& memory, VcpuGate& gate);
  MmioBus(const MmioBus&) = delete;
  MmioBus& operator=(const MmioBus&) = delete;
  ~MmioBus();

  // Before the vCPUs run.
  Result<void> attach(VirtioDevice& device, EventLoop& loop);
  [[nodiscard]] std::vector<DeviceTree::Device> devices() const;
  // Shows the register pages to the guest, in `slot`. Called once, after the last attach().
  Result<void> connect(uint32_t slot, kvm_coalesced_mmio_ring* ring);

  // vCPU threads. Addresses without a device read as ones; writes to them are lost.
  void read(uint64_t address, std::span<std::byte> out);
  void write(uint64_t address, std::span<const std::byte> in);

  // Takes every device back from the guest. No vCPU runs.
  void detach();

 private:
  struct Device;
  struct Unmap {
    void operator()(std::byte* pages) const;
  };

  MmioBus(const Vm& vm, const GuestMemory& memory, VcpuGate& gate, std::unique_ptr<std::byte, Unmap> pages);
  Result<void> connect_queues(Device& device, GuestAddress address);
  void drain_ring();
  [[nodiscard]] Device* find(uint64_t address);

  const Vm* vm_;
  const GuestMemory* memory_;
  VcpuGate* gate_;
  std::unique_ptr<std::byte, Unmap> pages_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::mutex mutex_;  // serializes accesses, the ring's included
  kvm_coalesced_mmio_ring* ring_ = nullptr;
};

}  // namespace caisson::vmm
