// SPDX-License-Identifier: Apache-2.0
// The virtio entropy device [virtio-1.2] 5.4: fills the guest's buffers from the host kernel's random number
// generator.
#pragma once

#include "vmm/virtio/device_base.h"

namespace caisson::vmm::rng {

class Device final : public DeviceBase {
 public:
  // LIMIT: entropy given for one request; the driver is told how much it got. Linux asks for 64 bytes or
  // less, and a guest must not turn one notification into megabytes of our CPU time.
  static constexpr size_t kMaxRequestBytes = 4096;

  // `loop` must outlive the device, and be the one it is attached with.
  explicit Device(EventLoop& loop);

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::rng; }
  [[nodiscard]] std::string_view name() const override { return "rng"; }
  [[nodiscard]] uint64_t features() const override { return 0; }  // none exist [virtio-1.2] 5.4.3

 private:
  Result<Turn> serve() override;
  static Result<Turn> serve_queue(VirtQueue& queue);
};

}  // namespace caisson::vmm::rng
