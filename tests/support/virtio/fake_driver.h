// SPDX-License-Identifier: Apache-2.0
// The driver's side of a virtqueue, for unit tests and fuzzers of devices: memory to borrow, a chain builder,
// the used ring. It can also be told to break every rule. Header-only; one thread.
#pragma once

#define VIRTIO_RING_NO_LEGACY
#include <linux/virtio_ring.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vmm/memory/guest_memory.h"
#include "vmm/virtio/queue.h"

namespace caisson::test {

// Guest RAM in a vector, from guest address kStart, with a bump allocator. Nothing is freed: reuse buffers by
// address.
class FakeMemory {
 public:
  static constexpr uint64_t kStart = 0x10000;  // so that address 0 is outside

  explicit FakeMemory(size_t size_bytes = size_t{1} << 20)
      : bytes_(size_bytes), memory_(vmm::GuestMemory::borrow(vmm::GuestAddress{kStart}, bytes_)) {}

  [[nodiscard]] const vmm::GuestMemory& guest() const { return memory_; }

  uint64_t allocate(size_t size_bytes, size_t alignment = 16) {
    next_ = (next_ + alignment - 1) / alignment * alignment;
    const uint64_t address = next_;
    next_ += size_bytes;
    if (next_ > kStart + bytes_.size()) {
      throw std::length_error("FakeMemory is full");
    }
    return address;
  }

  // `address` must be of this memory.
  std::byte* at(uint64_t address) { return bytes_.data() + (address - kStart); }
  void write(uint64_t address, std::span<const std::byte> data) { std::ranges::copy(data, at(address)); }
  std::vector<std::byte> read(uint64_t address, size_t size) { return {at(address), at(address) + size}; }

 private:
  std::vector<std::byte> bytes_;
  vmm::GuestMemory memory_;
  uint64_t next_ = kStart;
};

class CountingInterrupt final : public vmm::QueueInterrupt {
 public:
  void raise() override { ++count; }
  int count = 0;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

class FakeDriver {
 public:
  struct Options {
    uint16_t size = 16;
    bool event_index = false;
    bool indirect = true;
  };

  struct Buffer {
    uint64_t address = 0;
    uint32_t size = 0;
    bool is_writable = false;
  };

  // A chain the device has given back.
  struct Used {
    uint16_t head = 0;
    uint32_t written = 0;
    std::vector<std::byte> data;  // the first `written` bytes of its writable buffers
  };

  // Collects buffers; submit() or submit_indirect() makes them available.
  class Builder {
   public:
    Builder& out(std::span<const std::byte> data) {
      const uint64_t address = driver_.memory_.allocate(data.size());
      driver_.memory_.write(address, data);
      return out_at(address, static_cast<uint32_t>(data.size()));
    }
    Builder& in(uint32_t size) { return in_at(driver_.memory_.allocate(size), size); }
    // Buffers already in guest memory, or addresses that are not: nothing is checked.
    Builder& out_at(uint64_t address, uint32_t size) { return add({address, size, false}); }
    Builder& in_at(uint64_t address, uint32_t size) { return add({address, size, true}); }

    // Each returns the head.
    uint16_t submit() { return driver_.submit(std::move(buffers_)); }
    uint16_t submit_indirect() { return driver_.submit_indirect(std::move(buffers_)); }

   private:
    friend class FakeDriver;
    explicit Builder(FakeDriver& driver) : driver_(driver) {}
    Builder& add(Buffer buffer) {
      buffers_.push_back(buffer);
      return *this;
    }
    FakeDriver& driver_;
    std::vector<Buffer> buffers_;
  };

  explicit FakeDriver(FakeMemory& memory) : FakeDriver(memory, Options{}) {}
  FakeDriver(FakeMemory& memory, Options options)
      : memory_(memory),
        options_(options),
        descriptors_(memory.allocate(size_t{16} * options.size, 16)),
        available_(memory.allocate(size_t{6} + 2 * options.size, 2)),
        used_(memory.allocate(size_t{6} + 8 * options.size, 4)) {
    for (uint16_t i = 0; i < options.size; ++i) {
      free_.push_back(static_cast<uint16_t>(options.size - 1 - i));
    }
  }

  [[nodiscard]] vmm::VirtQueue::Config config() const {
    return {.size = options_.size,
            .descriptors = vmm::GuestAddress{descriptors_},
            .available = vmm::GuestAddress{available_},
            .used = vmm::GuestAddress{used_},
            .event_index = options_.event_index,
            .indirect = options_.indirect,
            .next_available = 0,
            .next_used = 0};
  }

  // The device's side of this queue; its interrupts are counted in `interrupt`.
  [[nodiscard]] vmm::VirtQueue device_queue() {
    return std::move(vmm::VirtQueue::create(memory_.guest(), config(), interrupt).value());
  }

  Builder chain() { return Builder(*this); }

  // The next chain from the used ring, none when there is none. Its descriptors are free again.
  std::optional<Used> take_used() {
    if (last_used_ == load16(used_ + 2)) {
      return std::nullopt;
    }
    vring_used_elem element{};
    std::memcpy(&element, memory_.at(used_ + 4 + uint64_t{8} * (last_used_ % options_.size)),
                sizeof(element));
    ++last_used_;
    Used used{.head = static_cast<uint16_t>(element.id), .written = element.len, .data = {}};
    const auto found = in_flight_.find(used.head);
    if (found == in_flight_.end()) {
      throw std::logic_error("the device returned head " + std::to_string(element.id) +
                             ", which is not in flight");
    }
    size_t left = element.len;
    for (const Buffer& buffer : found->second.buffers) {
      if (buffer.is_writable && left > 0) {
        const size_t piece = std::min<size_t>(left, buffer.size);
        const std::byte* from = memory_.at(buffer.address);
        used.data.insert(used.data.end(), from, from + piece);
        left -= piece;
      }
    }
    if (left > 0) {
      throw std::logic_error("the device says it wrote more than the chain's writable bytes");
    }
    free_.insert(free_.end(), found->second.descriptors.begin(), found->second.descriptors.end());
    in_flight_.erase(found);
    return used;
  }

  [[nodiscard]] size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] size_t free_descriptors() const { return free_.size(); }

  // Rule-breaking and inspection, ring entry by ring entry.
  void set_descriptor(uint16_t index, vring_desc descriptor) {
    set_descriptor_in(descriptors_, index, descriptor);
  }
  void set_descriptor_in(uint64_t table, uint16_t index, vring_desc descriptor) {
    memory_.write(table + uint64_t{16} * index, bytes_of(descriptor));
  }
  void make_available(uint16_t head) {
    const uint16_t index = available_index();
    store16(available_ + 4 + uint64_t{2} * (index % options_.size), head);
    set_available_index(static_cast<uint16_t>(index + 1));
  }
  [[nodiscard]] uint16_t available_index() { return load16(available_ + 2); }
  void set_available_index(uint16_t index) { store16(available_ + 2, index); }
  void set_available_flags(uint16_t flags) { store16(available_, flags); }
  void set_used_event(uint16_t index) { store16(available_ + 4 + uint64_t{2} * options_.size, index); }
  [[nodiscard]] uint16_t used_flags() { return load16(used_); }
  [[nodiscard]] uint16_t used_index() { return load16(used_ + 2); }
  [[nodiscard]] uint16_t available_event() { return load16(used_ + 4 + uint64_t{8} * options_.size); }

  CountingInterrupt interrupt;

 private:
  struct InFlight {
    std::vector<uint16_t> descriptors;
    std::vector<Buffer> buffers;
  };

  static uint16_t flags_of(const Buffer& buffer, bool is_last) {
    return static_cast<uint16_t>((buffer.is_writable ? VRING_DESC_F_WRITE : 0) |
                                 (is_last ? 0 : VRING_DESC_F_NEXT));
  }

  uint16_t take_free() {
    if (free_.empty()) {
      throw std::length_error("FakeDriver has no free descriptor");
    }
    const uint16_t index = free_.back();
    free_.pop_back();
    return index;
  }

  uint16_t submit(std::vector<Buffer> buffers) {
    std::vector<uint16_t> indices;
    for (size_t i = 0; i < buffers.size(); ++i) {
      indices.push_back(take_free());
    }
    for (size_t i = 0; i < buffers.size(); ++i) {
      const bool is_last = i + 1 == buffers.size();
      set_descriptor(indices[i], {.addr = buffers[i].address,
                                  .len = buffers[i].size,
                                  .flags = flags_of(buffers[i], is_last),
                                  .next = is_last ? uint16_t{0} : indices[i + 1]});
    }
    const uint16_t head = indices.at(0);
    in_flight_[head] = {std::move(indices), std::move(buffers)};
    make_available(head);
    return head;
  }

  uint16_t submit_indirect(std::vector<Buffer> buffers) {
    const uint64_t table = memory_.allocate(16 * buffers.size(), 16);
    for (size_t i = 0; i < buffers.size(); ++i) {
      set_descriptor_in(table, static_cast<uint16_t>(i),
                        {.addr = buffers[i].address,
                         .len = buffers[i].size,
                         .flags = flags_of(buffers[i], i + 1 == buffers.size()),
                         .next = static_cast<uint16_t>(i + 1)});
    }
    const uint16_t head = take_free();
    set_descriptor(head, {.addr = table,
                          .len = static_cast<uint32_t>(16 * buffers.size()),
                          .flags = VRING_DESC_F_INDIRECT,
                          .next = 0});
    in_flight_[head] = {{head}, std::move(buffers)};
    make_available(head);
    return head;
  }

  uint16_t load16(uint64_t address) {
    uint16_t value = 0;
    std::memcpy(&value, memory_.at(address), sizeof(value));
    return value;
  }
  void store16(uint64_t address, uint16_t value) { memory_.write(address, bytes_of(value)); }

  FakeMemory& memory_;
  Options options_;
  uint64_t descriptors_;
  uint64_t available_;
  uint64_t used_;
  uint16_t last_used_ = 0;
  std::vector<uint16_t> free_;
  std::unordered_map<uint16_t, InFlight> in_flight_;
};

}  // namespace caisson::test
