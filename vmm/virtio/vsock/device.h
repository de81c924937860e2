// SPDX-License-Identifier: Apache-2.0
// The virtio-vsock device [virtio-1.2] 5.10: moves packets between its queues and the Muxer, straight between
// guest memory and the host's descriptors. A driver in breach of the queue's or the packets' rules needs a
// reset.
#pragma once

#include <vector>

#include "vmm/virtio/device_base.h"
#include "vmm/virtio/vsock/muxer.h"

namespace caisson::vmm::vsock {

class Device final : public DeviceBase {
 public:
  // [virtio-1.2] 5.10.4: CIDs 0, 1 and 2 are reserved. Every sandbox has a host of its own, so one number is
  // enough.
  static constexpr uint64_t kGuestCid = 3;

  // `loop` must outlive the device, and be the one it is attached with.
  explicit Device(EventLoop& loop);
  ~Device() override;

  [[nodiscard]] Muxer& muxer() { return muxer_; }

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::vsock; }
  [[nodiscard]] std::string_view name() const override { return "vsock"; }
  [[nodiscard]] uint64_t features() const override { return 0; }  // no bit: streams only [virtio-1.2] 5.10.3
  void on_kick(uint16_t index) override;

 private:
  enum QueueIndex : size_t { kReceive = 0, kTransmit = 1, kEvent = 2, kQueues = 3 };  // [virtio-1.2] 5.10.2
  enum class Progress {
    done,           // nothing more to do for now
    out_of_budget,  // other work of the loop comes first
    starved,        // the driver must first offer receive buffers
  };

  Result<Turn> serve() override;
  Result<void> on_activate() override;
  void on_stop() override;
  [[nodiscard]] std::span<const std::byte> config_space() const override;
  Result<Progress> move_packets();
  Result<Progress> take_packets();
  Result<Progress> give_packets();
  Result<std::optional<Chain>> pop_receive();
  void give_control(Chain chain, const Header& header);
  void give_data(Chain first, Connection& connection);

  Muxer muxer_;
  size_t budget_ = 0;          // chains left in this turn
  size_t batch_ = 1;           // receive buffers filled by one read
  std::vector<Chain> chains_;  // scratch of give_data(), empty between calls
  std::vector<iovec> parts_;   // scratch
};

}  // namespace caisson::vmm::vsock
