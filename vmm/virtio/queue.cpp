// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/queue.h"

// The ring structures and flags, without the 0.9 layout helpers, which are not C++.
#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include <atomic>
#include <bit>
#include <cassert>
#include <string>
#include <utility>

namespace caisson::vmm {

static_assert(std::endian::native == std::endian::little, "the rings are little-endian and read as they lie");
static_assert(sizeof(vring_desc) == 16 && sizeof(vring_used_elem) == 8);

namespace {

// Offsets within the available and the used ring [virtio-1.2] 2.7.6, 2.7.8.
constexpr size_t kFlags = 0;
constexpr size_t kIndex = 2;
constexpr size_t kRing = 4;

constexpr size_t available_bytes(size_t size) {
  return kRing + 2 * size + 2;
}
constexpr size_t used_bytes(size_t size) {
  return kRing + sizeof(vring_used_elem) * size + 2;
}

// The shared 16-bit words. Both rings are 2-aligned (checked by create()), so that these are single accesses.
std::atomic_ref<uint16_t> word(std::span<std::byte> ring, size_t offset) {
  return std::atomic_ref(*reinterpret_cast<uint16_t*>(ring.data() + offset));
}

// Orders our earlier stores before our later loads, which nothing weaker does. Not
// std::atomic_thread_fence(), which GCC refuses to compile under ThreadSanitizer.
void full_fence() {
  __sync_synchronize();
}

tl::unexpected<Error> breach(std::string what) {
  return fail(EPROTO, "walk virtqueue: " + std::move(what));
}

}  // namespace

struct VirtQueue::Table {
  std::span<std::byte> bytes;
  bool is_indirect = false;

  [[nodiscard]] size_t size() const { return bytes.size() / sizeof(vring_desc); }

  // The one look at descriptor `index` (< size()).
  [[nodiscard]] vring_desc copy(uint16_t index) const {
    vring_desc descriptor;
    std::memcpy(&descriptor, bytes.data() + size_t{index} * sizeof(vring_desc), sizeof(descriptor));
    // ORDERING: compiler only. What is checked below must be this copy.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return descriptor;
  }
};

Result<VirtQueue> VirtQueue::create(const GuestMemory& memory, const Config& config,
                                    QueueInterrupt& interrupt) {
  if (!std::has_single_bit(config.size) || config.size > config.max_size || config.size > kMaxSize) {
    return fail(EINVAL, "create virtqueue: size " + std::to_string(config.size) +
                            " is not a power of two up to " + std::to_string(config.max_size));
  }
  // [virtio-1.2] 2.7: alignment of descriptor table 16, available ring 2, used ring 4.
  if (to_u64(config.descriptors) % 16 != 0 || to_u64(config.available) % 2 != 0 ||
      to_u64(config.used) % 4 != 0) {
    return fail(EINVAL, "create virtqueue: a ring is not aligned");
  }
  VirtQueue queue(memory, config, interrupt);
  const size_t size = config.size;
  queue.descriptors_ =
      TRY_CONTEXT("create virtqueue", memory.span(config.descriptors, size * sizeof(vring_desc)));
  queue.available_ = TRY_CONTEXT("create virtqueue", memory.span(config.available, available_bytes(size)));
  queue.used_ = TRY_CONTEXT("create virtqueue", memory.span(config.used, used_bytes(size)));
  return queue;
}

VirtQueue::VirtQueue(const GuestMemory& memory, const Config& config, QueueInterrupt& interrupt)
    : memory_(&memory),
      interrupt_(&interrupt),
      config_(config),
      next_available_(config.next_available),
      seen_available_(config.next_available),
      next_used_(config.next_used),
      signalled_used_(config.next_used) {}

// How many chains wait, by the driver's index.
Result<uint16_t> VirtQueue::pending() {
  if (seen_available_ == next_available_) {
    // ORDERING: acquire pairs with the driver's barrier before it raises the index [virtio-1.2] 2.7.13.3:
    // ring entries and descriptors it wrote before are seen after.
    seen_available_ = word(available_, kIndex).load(std::memory_order_acquire);
  }
  const auto count = static_cast<uint16_t>(seen_available_ - next_available_);
  if (count > config_.size) {
    return breach("available index " + std::to_string(seen_available_) + " is more than a ring ahead of " +
                  std::to_string(next_available_));
  }
  return count;
}

Result<std::optional<Chain>> VirtQueue::pop() {
  if (TRY(pending()) == 0) {
    return std::nullopt;
  }
  const size_t slot = next_available_ % config_.size;
  const uint16_t head = word(available_, kRing + 2 * slot).load(std::memory_order_relaxed);
  if (head >= config_.size) {
    return breach("head " + std::to_string(head) + " is outside the table");
  }
  Chain chain;
  if (!spare_parts_.empty()) {
    chain.parts_ = std::move(spare_parts_.back());
    spare_parts_.pop_back();
  }
  size_t steps_left = Chain::kMaxParts;
  Result<void> walked = walk(Table{.bytes = descriptors_}, head, steps_left, chain);
  if (!walked) {
    recycle(chain);
    return tl::unexpected(std::move(walked).error());
  }
  chain.head_ = head;
  chain.outstanding_ = true;
  ++next_available_;
  return std::optional<Chain>(std::move(chain));
}

// Appends the parts of the chain that starts at `index`. Each step costs one of `steps_left`, which bounds
// loops too.
Result<void> VirtQueue::walk(Table table, uint16_t index, size_t& steps_left, Chain& chain) const {
  // LIMIT: a chain cannot be longer than its table without a loop [virtio-1.2] 2.7.5.3.1.
  for (size_t left_in_table = table.size(); left_in_table > 0; --left_in_table) {
    const vring_desc descriptor = table.copy(index);
    if ((descriptor.flags & VRING_DESC_F_INDIRECT) != 0) {
      // [virtio-1.2] 2.7.5.3.1: only when negotiated, not within an indirect table, and never together with
      // NEXT.
      if (!config_.indirect || table.is_indirect || (descriptor.flags & VRING_DESC_F_NEXT) != 0) {
        return breach("misplaced indirect descriptor");
      }
      return walk_indirect(GuestAddress{descriptor.addr}, descriptor.len, steps_left, chain);
    }
    if (steps_left == 0) {
      return breach("chain of more than " + std::to_string(Chain::kMaxParts) + " descriptors");
    }
    --steps_left;
    const bool is_writable = (descriptor.flags & VRING_DESC_F_WRITE) != 0;
    // [virtio-1.2] 2.7.4.2: device-writable parts come after all device-readable ones.
    if (!is_writable && chain.writable_bytes_ > 0) {
      return breach("readable descriptor after a writable one");
    }
    if (descriptor.len == 0) {
      return breach("descriptor of no bytes");
    }
    const std::span<std::byte> bytes =
        TRY_CONTEXT("walk virtqueue", memory_->span(GuestAddress{descriptor.addr}, descriptor.len));
    chain.append(bytes, is_writable);
    // [virtio-1.2] 2.7.5.2: 2^32 bytes at most; the used ring's length has 32 bits.
    if (chain.readable_bytes_ + chain.writable_bytes_ > UINT32_MAX) {
      return breach("chain of 4 GiB or more");
    }
    if ((descriptor.flags & VRING_DESC_F_NEXT) == 0) {
      return {};
    }
    if (descriptor.next >= table.size()) {
      return breach("next descriptor " + std::to_string(descriptor.next) + " is outside the table");
    }
    index = descriptor.next;
  }
  return breach("descriptors form a loop");
}

Result<void> VirtQueue::walk_indirect(GuestAddress address, uint32_t size_bytes, size_t& steps_left,
                                      Chain& chain) const {
  // LIMIT: entries a table may have; the walk touches no more of it. Also keeps an index within 16 bits.
  constexpr size_t kMaxTableBytes = 65536 * sizeof(vring_desc);
  if (size_bytes == 0 || size_bytes % sizeof(vring_desc) != 0 || size_bytes > kMaxTableBytes) {
    return breach("indirect table of " + std::to_string(size_bytes) + " bytes");
  }
  const std::span<std::byte> bytes = TRY_CONTEXT("walk virtqueue", memory_->span(address, size_bytes));
  return walk(Table{.bytes = bytes, .is_indirect = true}, 0, steps_left, chain);
}

void VirtQueue::push(Chain chain, uint32_t written_bytes) {
  assert(chain.outstanding_ && written_bytes <= chain.writable_bytes_);
  const vring_used_elem element{.id = chain.head_, .len = written_bytes};
  const size_t slot = next_used_ % config_.size;
  std::memcpy(used_.data() + kRing + slot * sizeof(element), &element, sizeof(element));
  ++next_used_;
  // ORDERING: release pairs with the driver's read barrier after it loads the index [virtio-1.2] 2.7.14: it
  // must find the element, and the buffer, written.
  word(used_, kIndex).store(next_used_, std::memory_order_release);
  recycle(chain);
}

void VirtQueue::undo_pop(Chain chain) {
  assert(chain.outstanding_);
  --next_available_;
  recycle(chain);
}

void VirtQueue::recycle(Chain& chain) {
  chain.outstanding_ = false;
  chain.parts_.clear();
  // LIMIT: as many lists as chains were ever out at once, which is the queue's size at most.
  spare_parts_.push_back(std::move(chain.parts_));
  chain.readable_count_ = 0;
  chain.readable_bytes_ = chain.writable_bytes_ = 0;
}

void VirtQueue::notify() {
  const uint16_t before = signalled_used_;
  if (next_used_ == before) {
    return;
  }
  signalled_used_ = next_used_;
  // ORDERING: full fence between our store of the used index and our load of the driver's wish; the driver
  // fences between storing its wish and looking at the index again. One of the two sees the other's
  // [virtio-1.2] 2.7.10.
  full_fence();
  bool wanted =
      !std::exchange(has_signalled_, true);  // an earlier user of these rings may owe one: do not suppress
  if (config_.event_index) {
    const uint16_t event = word(available_, kRing + size_t{2} * config_.size).load(std::memory_order_relaxed);
    wanted = wanted || vring_need_event(event, next_used_, before) != 0;
  } else {
    wanted = (word(available_, kFlags).load(std::memory_order_relaxed) & VRING_AVAIL_F_NO_INTERRUPT) == 0;
  }
  if (wanted) {
    interrupt_->raise();
  }
}

bool VirtQueue::enable_kicks() {
  if (config_.event_index) {
    word(used_, kRing + sizeof(vring_used_elem) * config_.size)
        .store(next_available_, std::memory_order_relaxed);
  } else {
    word(used_, kFlags).store(0, std::memory_order_relaxed);
  }
  // ORDERING: full fence between our store of the wish and our load of the available index; the driver fences
  // between its store of the index and its load of the wish [virtio-1.2] 2.7.7.
  full_fence();
  return word(available_, kIndex).load(std::memory_order_relaxed) != next_available_;
}

void VirtQueue::disable_kicks() {
  if (!config_.event_index) {
    word(used_, kFlags).store(VRING_USED_F_NO_NOTIFY, std::memory_order_relaxed);
  }
  // With an event index nothing needs doing: the driver kicks when it passes the index last asked for, which
  // lies behind [virtio-1.2] 2.7.10.
}

VirtQueue::State VirtQueue::state() const {
  return {.next_available = next_available_, .next_used = next_used_};
}

}  // namespace caisson::vmm
