// SPDX-License-Identifier: Apache-2.0
// The queues of one device as its driver sets them up, register by register [virtio-1.2] 4.2.2: which one is
// selected, and what was written of each. Everything here is the guest's; it is checked when make_queues()
// makes queues of it. Part of Transport, whose writes are serialized.
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
  // What the driver writes of the memory of a queue.
  struct Queue {
    uint32_t size = 0;
    uint64_t descriptors = 0;
    uint64_t driver = 0;
    uint64_t device = 0;
    bool ready = false;
  };
  // What a write of QueueReady comes to.
  enum class Ready { as_written, live_queue_taken_back };

  // `sizes`: the largest of each queue; must outlive this. `page` shows the selected one.
  QueueRegisters(std::span<const uint16_t> sizes, RegisterPage page);

  [[nodiscard]] size_t count() const { return queues_.size(); }

  void select(uint32_t index);
  void set_size(uint32_t value);
  // Half of an address: that from bit `shift` on.
  void set_address(uint64_t Queue::*field, unsigned shift, uint32_t half);
  [[nodiscard]] Ready set_ready(uint32_t value);
  // Makes none of them ready.
  void take_back();
  // As if nothing had ever been written.
  void reset();

  // One for each that is ready. `interrupt` must outlive them.
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
