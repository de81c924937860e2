// SPDX-License-Identifier: Apache-2.0
// Credit of one connection, both ways [virtio-1.2] 5.10.6.3: how much each side may still send, told by
// free-running counters in every packet. Knows no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "vmm/virtio/vsock/packet.h"

namespace caisson::vmm::vsock {

class Credit {
 public:
  // `buffer_bytes`: what the guest is told that we have room for.
  explicit Credit(uint32_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}
  [[nodiscard]] uint32_t buffer_bytes() const { return buffer_bytes_; }

  // The guest's packets

  // [virtio-1.2] 5.10.6.3: every packet carries the sender's buffer space.
  void hear(const Header& packet) {
    guest_buffer_ = packet.buf_alloc;
    guest_forwarded_ = packet.fwd_cnt;
    asked_ = asked_ && left() == 0;
  }
  // [virtio-1.2] 5.10.6.3: a sender stays within the space it was told of. This is what bounds our buffer.
  [[nodiscard]] bool admits(uint32_t size) const { return size <= buffer_bytes_ - (received_ - forwarded_); }
  void receive(uint32_t size) { received_ += size; }
  [[nodiscard]] bool has_received() const { return received_ != 0; }
  // The host has taken so many bytes, or never will.
  void forward(size_t bytes) { forwarded_ += static_cast<uint32_t>(bytes); }
  // Told at half, so that the guest seldom waits and one update serves many packets.
  [[nodiscard]] bool is_update_due() const { return forwarded_ - told_forwarded_ >= buffer_bytes_ / 2; }

  // Ours

  // Bytes the guest has room for.
  [[nodiscard]] uint32_t left() const {
    const uint32_t in_flight = sent_ - guest_forwarded_;
    return in_flight < guest_buffer_ ? guest_buffer_ - in_flight : 0;
  }
  void send(uint32_t size) { sent_ += size; }
  // Whether the guest is to be asked for room: once, for it answers when it has some.
  [[nodiscard]] bool ask() { return !std::exchange(asked_, true); }
  // Every packet of ours tells the guest.
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
