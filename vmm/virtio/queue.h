// SPDX-License-Identifier: Apache-2.0
// The device side of a split virtqueue [virtio-1.2] 2.7: descriptor walks with every bound checked, indirect
// descriptors, event index. Used by all devices, behind both transports. Never trusts a second look at guest
// memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"
#include "vmm/virtio/chain.h"

namespace caisson::vmm {

// How a device notifies the driver: the transport's side of "used buffer notification". Implemented by the
// MMIO transport (interrupt status, then irqfd) and by vhost-user (call eventfd). Callable on the device's
// loop thread.
class QueueInterrupt {
 public:
  virtual ~QueueInterrupt() = default;
  virtual void raise() = 0;
};

class VirtQueue {
 public:
  // [virtio-1.2] 2.7: the largest queue there is.
  static constexpr uint16_t kMaxSize = 32768;

  // What the driver chose at set-up, already hostile: create() checks it.
  struct Config {
    uint16_t size = 0;             // power of two, at most `max_size`
    uint16_t max_size = kMaxSize;  // what the device offered: its queue_sizes()[index]
    GuestAddress descriptors{};
    GuestAddress available{};
    GuestAddress used{};
    bool event_index = false;  // VIRTIO_F_EVENT_IDX negotiated
    bool indirect = false;     // VIRTIO_F_INDIRECT_DESC negotiated
    uint16_t next_available = 0;
    uint16_t next_used = 0;
  };

  // What a snapshot saves, and a vhost-user GET_VRING_BASE returns.
  struct State {
    uint16_t next_available = 0;
    uint16_t next_used = 0;
  };

  // `memory` and `interrupt` must outlive the queue.
  static Result<VirtQueue> create(const GuestMemory& memory, const Config& config, QueueInterrupt& interrupt);

  // The next chain, none when the ring is empty, or an error when the driver broke the ring's rules: the
  // device must then stop using the queue and ask for a reset (DEVICE_NEEDS_RESET).
  Result<std::optional<Chain>> pop();

  // Gives a chain back with the number of bytes written into its writable part.
  void push(Chain chain, uint32_t written_bytes);

  // Puts the chain last popped back in front, untouched (a device that has no input for it yet).
  void undo_pop(Chain chain);

  // Interrupts the driver if it asked to hear about what was pushed since the last call [virtio-1.2] 2.7.10.
  void notify();

  // Asks the driver (not) to kick. enable_kicks() returns true when chains arrived meanwhile: poll again, or
  // a kick is lost [virtio-1.2] 2.7.7.
  bool enable_kicks();
  void disable_kicks();

  [[nodiscard]] State state() const;
  [[nodiscard]] uint16_t size() const { return config_.size; }

 private:
  struct Table;  // the descriptor table, or an indirect one

  VirtQueue(const GuestMemory& memory, const Config& config, QueueInterrupt& interrupt);

  [[nodiscard]] Result<uint16_t> pending();
  [[nodiscard]] Result<void> walk(Table table, uint16_t index, size_t& steps_left, Chain& chain) const;
  [[nodiscard]] Result<void> walk_indirect(GuestAddress address, uint32_t size_bytes, size_t& steps_left,
                                           Chain& chain) const;
  void recycle(Chain& chain);

  const GuestMemory* memory_;
  QueueInterrupt* interrupt_;
  Config config_;
  std::span<std::byte> descriptors_;
  std::span<std::byte> available_;
  std::span<std::byte> used_;
  uint16_t next_available_ = 0;
  uint16_t seen_available_ = 0;  // the driver's index when last looked at: saves a shared load per chain
  uint16_t next_used_ = 0;
  uint16_t signalled_used_ = 0;
  bool has_signalled_ = false;
  std::vector<std::vector<iovec>> spare_parts_;  // so that pop() does not allocate in steady state
};

}  // namespace caisson::vmm
