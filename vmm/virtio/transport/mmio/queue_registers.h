// SPDX-License-Identifier: Apache-2.0
// The queues of one device as its driver sets them up, register by register [virtio-1.2] 4.2.2: which one is
// selected, and the values that were written for each. All values are the guest's. make_queues() checks them
// when it makes queues of them. Part of Transport, whose writes are serialized.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/result.h"
#include "vmm/virtio/queue.h"
#include "vmm/virtio/transport/mmio/register_page.h"

namespace caisson::vmm::mmio {

class QueueRegisters {
 public:
  // The addresses that the driver writes for the memory of a queue.
  struct Queue {
    uint32_t size = 0;
    uint64_t descriptors = 0;
    uint64_t driver = 0;
    uint64_t device = 0;
    bool ready = false;
  };
  // The outcome of a write to QueueReady.
  enum class Ready { as_written, live_queue_taken_back };

  // `sizes` has the largest size of each queue, and must outlive this. `page` shows the selected one.
  QueueRegisters(std::span<const uint16_t> sizes, RegisterPage page);

  [[nodiscard]] size_t count() const { return queues_.size(); }

  void select(uint32_t index);
  void set_size(uint32_t value);
  // Writes half of an address: the half from bit `shift` on.
  void set_address(uint64_t Queue::*field, unsigned shift, uint32_t half);
  [[nodiscard]] Ready set_ready(uint32_t value);
  // Makes no queue ready.
  void take_back();
  // Resets all: as if nothing had ever been written.
  void reset();

  // Makes one queue for each that is ready. `interrupt` must outlive them.
  [[nodiscard]] Result<std::vector<std::optional<VirtQueue>>> make_queues(const GuestMemory& memory,
                                                                          uint64_t features,
                                                                          QueueInterrupt& interrupt) const;

 private:
  [[nodiscard]] uint32_t status() const { return page_.load(Register::Status); }
  [[nodiscard]] Queue* configurable();
  void show();

  std::span<const uint16_t> sizes_;
  RegisterPage page_;
  uint32_t selected_ = 0;
  std::vector<Queue> queues_;
};

// `whole` with other bits in the half from bit `shift` on.
[[nodiscard]] constexpr uint64_t with_half(uint64_t whole, unsigned shift, uint32_t half) {
  return (whole & ~(uint64_t{0xffff'ffff} << shift)) | (uint64_t{half} << shift);
}

}  // namespace caisson::vmm::mmio
