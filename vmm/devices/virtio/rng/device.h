// SPDX-License-Identifier: Apache-2.0
// The virtio entropy device [virtio-1.2] 5.4: fills the guest's buffers from the host kernel's random number
// generator.
#pragma once

#include <memory>
#include <optional>

#include "common/event_loop.h"
#include "vmm/devices/virtio/device.h"

namespace caisson::vmm::rng {

class Device final : public VirtioDevice {
 public:
  // LIMIT: entropy given for one request; the driver is told how much it got. Linux asks for 64 bytes or
  // less, and a guest must not turn one notification into megabytes of our CPU time.
  static constexpr size_t kMaxRequestBytes = 4096;

  // `loop` must outlive the device, and be the one it is attached with.
  explicit Device(EventLoop& loop);
  ~Device() override;

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::rng; }
  [[nodiscard]] std::string_view name() const override { return "rng"; }
  [[nodiscard]] uint64_t features() const override { return 0; }  // none exist [virtio-1.2] 5.4.3
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override;
  void read_config(uint64_t offset, std::span<std::byte> out) const override;
  Result<void> activate(Activation activation) override;
  void on_kick(uint16_t index) override;
  std::vector<VirtQueue::State> reset() override;

 private:
  // Whether requests are left for another round.
  Result<bool> serve();
  void schedule();

  EventLoop& loop_;
  std::optional<Activation> active_;
  bool is_broken_ = false;  // by the driver; until it resets us
  int breaches_ = 0;        // those logged
  bool is_scheduled_ = false;
  std::shared_ptr<Device*> self_;  // for posted work: null once the device has gone
};

}  // namespace caisson::vmm::rng
