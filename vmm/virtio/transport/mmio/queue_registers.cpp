// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/mmio/queue_registers.h"

#include <algorithm>
#include <string>

namespace caisson::vmm::mmio {

QueueRegisters::QueueRegisters(std::span<const uint16_t> sizes, RegisterPage page)
    : sizes_(sizes), page_(page), queues_(sizes.size()) {
  show();
}

void QueueRegisters::select(uint32_t index) {
  selected_ = index;
  show();
}

// The selected queue, if the driver may set it up now.
QueueRegisters::Queue* QueueRegisters::configurable() {
  // [virtio-1.2] 3.1.1 step 7: queues are set up after FEATURES_OK and before DRIVER_OK.
  if (selected_ >= queues_.size() || (status() & (FEATURES_OK | DRIVER_OK)) != FEATURES_OK) {
    return nullptr;
  }
  return &queues_[selected_];
}

void QueueRegisters::set_size(uint32_t value) {
  // [virtio-1.2] 4.2.2.2: "the driver MUST NOT access QueueNum, QueueDescLow, … when QueueReady is non-zero".
  // Its size is checked, with the rest, when the device is activated.
  if (Queue* queue = configurable(); queue != nullptr && !queue->ready) {
    queue->size = value;
  }
}

void QueueRegisters::set_address(uint64_t Queue::*field, unsigned shift, uint32_t half) {
  if (Queue* queue = configurable(); queue != nullptr && !queue->ready) {
    queue->*field = with_half(queue->*field, shift, half);
  }
}

QueueRegisters::Ready QueueRegisters::set_ready(uint32_t value) {
  if (selected_ >= queues_.size()) {
    return Ready::as_written;
  }
  if (Queue* queue = configurable(); queue != nullptr && value <= 1) {
    queue->ready = value == 1;
  } else if (value == 0 && (status() & DRIVER_OK) != 0 && queues_[selected_].ready) {
    return Ready::live_queue_taken_back;
  }
  show();
  return Ready::as_written;
}

void QueueRegisters::take_back() {
  for (Queue& queue : queues_) {
    queue.ready = false;
  }
  show();
}

void QueueRegisters::reset() {
  selected_ = 0;
  std::ranges::fill(queues_, Queue{});
  show();
}

Result<std::vector<std::optional<VirtQueue>>> QueueRegisters::make_queues(const GuestMemory& memory,
                                                                          uint64_t features,
                                                                          QueueInterrupt& interrupt) const {
  std::vector<std::optional<VirtQueue>> made;
  for (size_t i = 0; i < queues_.size(); ++i) {
    const Queue& queue = queues_[i];
    if (!queue.ready) {
      made.emplace_back(std::nullopt);
      continue;
    }
    if (queue.size == 0 || queue.size > sizes_[i]) {
      return fail(EPROTO, "set up queue " + std::to_string(i) + ": size " + std::to_string(queue.size) +
                              " is not within 1 and " + std::to_string(sizes_[i]));
    }
    made.emplace_back(TRY(VirtQueue::create(memory,
                                            {.size = static_cast<uint16_t>(queue.size),
                                             .max_size = sizes_[i],
                                             .descriptors = GuestAddress{queue.descriptors},
                                             .available = GuestAddress{queue.driver},
                                             .used = GuestAddress{queue.device},
                                             .event_index = (features & VIRTIO_F_EVENT_IDX) != 0,
                                             .indirect = (features & VIRTIO_F_INDIRECT_DESC) != 0},
                                            interrupt)));
  }
  return made;
}

// Copies what the selected queue's registers read to where the driver reads it.
void QueueRegisters::show() {
  // [virtio-1.2] 4.2.2: QueueNumMax reads 0 where there is no such queue.
  const bool exists = selected_ < queues_.size();
  page_.store(Register::QueueNumMax, exists ? sizes_[selected_] : 0);
  page_.store(Register::QueueReady, exists && queues_[selected_].ready ? 1 : 0);
}

}  // namespace caisson::vmm::mmio
