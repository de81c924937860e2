// SPDX-License-Identifier: Apache-2.0
// A device as its front end has set it up so far: features, memory and rings, and whether they are enough for
// the device to run. Part of Server, which has read the messages. All arguments are the front end's. Runs on
// the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "vmm/virtio/device.h"
#include "vmm/virtio/transport/vhost_user/memory_table.h"
#include "vmm/virtio/transport/vhost_user/vring.h"

namespace caisson::vmm::vhost_user {

class DeviceSetup {
 public:
  // `on_failure`: a kick's descriptor cannot be read. `device` and `loop` must outlive this.
  DeviceSetup(VirtioDevice& device, EventLoop& loop, std::function<void(Error)> on_failure);
  DeviceSetup(const DeviceSetup&) = delete;
  DeviceSetup& operator=(const DeviceSetup&) = delete;
  // close() has been called.
  ~DeviceSetup() = default;

  [[nodiscard]] uint64_t offered_features() const;
  // EPROTO for a feature that was not offered.
  Result<void> set_features(uint64_t wanted);
  // A running device moves to the new memory.
  Result<void> set_memory(std::unique_ptr<MemoryTable> table);

  [[nodiscard]] size_t ring_count() const { return rings_.size(); }
  Result<Vring*> ring(uint32_t index);
  // For settings that may not change under a running queue.
  Result<Vring*> stopped_ring(uint32_t index);

  // [vhost-user] "Ring states": a kick starts a ring. `index` is a ring's.
  Result<void> start_ring(uint32_t index, Event kick);
  // Returns the ring's next available entry at that point.
  uint16_t stop_ring(Vring& ring);
  Result<void> enable_ring(Vring& ring);
  void disable_ring(Vring& ring);
  void disable_all();
  void set_call(Vring& ring, Event call);

  // Stops the device and all rings.
  void close();

 private:
  void on_kick(uint16_t index);
  static void drop_kick(Vring& ring);
  // Activates the device once every started ring is enabled; a device that runs already is left alone.
  Result<void> activate_when_ready();
  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] Result<VirtioDevice::Activation> make_activation();
  void deactivate();

  VirtioDevice* device_;
  EventLoop* loop_;
  std::function<void(Error)> on_failure_;
  uint64_t features_ = 0;
  std::unique_ptr<MemoryTable> memory_;        // outlives every activation made with it
  std::vector<std::unique_ptr<Vring>> rings_;  // queues hold on to their Vring
  bool active_ = false;
};

}  // namespace caisson::vmm::vhost_user
