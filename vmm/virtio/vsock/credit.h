// SPDX-License-Identifier: Apache-2.0
// Credit of one connection, both ways [virtio-1.2] 5.10.6.3: how much each side may still send. Every packet
// carries it, in free-running counters. It handles no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "vmm/virtio/vsock/packet.h"

namespace caisson::vmm::vsock {

class Credit {
 public:
  // `buffer_bytes` is the room that the guest is told of.
  explicit Credit(uint32_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}
  [[nodiscard]] uint32_t buffer_bytes() const { return buffer_bytes_; }

  // The guest's packets:

  // [virtio-1.2] 5.10.6.3: every packet carries the sender's buffer space.
  void hear(const Header& packet) {
    guest_buffer_ = packet.buf_alloc;
    guest_forwarded_ = packet.fwd_cnt;
    asked_ = asked_ && left() == 0;
  }
  // [virtio-1.2] 5.10.6.3: a sender stays within the space it was told of. This check bounds the device's
  // buffer.
  [[nodiscard]] bool admits(uint32_t size) const { return size <= buffer_bytes_ - (received_ - forwarded_); }
  void receive(uint32_t size) { received_ += size; }
  [[nodiscard]] bool has_received() const { return received_ != 0; }
  // The host has taken this many bytes, or will never take them.
  void forward(size_t bytes) { forwarded_ += static_cast<uint32_t>(bytes); }
  // The guest is told at half of the room, so that it seldom waits and one update serves many packets.
  [[nodiscard]] bool is_update_due() const { return forwarded_ - told_forwarded_ >= buffer_bytes_ / 2; }

  // The device's packets:

  // How many bytes the guest has room for.
  [[nodiscard]] uint32_t left() const {
    const uint32_t in_flight = sent_ - guest_forwarded_;
    return in_flight < guest_buffer_ ? guest_buffer_ - in_flight : 0;
  }
  void send(uint32_t size) { sent_ += size; }
  // Whether to ask the guest for room. It is asked once, because it answers when it has some.
  [[nodiscard]] bool ask() { return !std::exchange(asked_, true); }
  // Every packet of the device tells the guest its credit.
  void stamp(Header& packet) {
    packet.buf_alloc = buffer_bytes_;
    packet.fwd_cnt = forwarded_;
    told_forwarded_ = forwarded_;
  }

 private:
  uint32_t buffer_bytes_;
  uint32_t received_ = 0;        // bytes the guest has sent
  uint32_t forwarded_ = 0;       // … of which the host has taken (fwd_cnt)
  uint32_t told_forwarded_ = 0;  // … as the guest was last told
  uint32_t sent_ = 0;            // bytes sent to the guest
  uint32_t guest_forwarded_ = 0;
  uint32_t guest_buffer_ = 0;
  bool asked_ = false;
};

}  // namespace caisson::vmm::vsock
