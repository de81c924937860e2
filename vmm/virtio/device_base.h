// SPDX-License-Identifier: Apache-2.0
// What all devices have in common: activation and reset, serving in turns that leave the loop its other work,
// reading of the configuration space, and the stop when the driver breaks the rules, which is logged once,
// here. A device adds serve() and its own parts.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "vmm/virtio/device.h"

namespace caisson::vmm {

class DeviceBase : public VirtioDevice {
 public:
  DeviceBase(const DeviceBase&) = delete;
  DeviceBase& operator=(const DeviceBase&) = delete;
  ~DeviceBase() override = default;

  [[nodiscard]] std::span<const uint16_t> queue_sizes() const final { return queue_sizes_; }
  void read_config(uint64_t offset, std::span<std::byte> out) const final;
  // EINVAL if it does not have as many queues as the device.
  Result<void> activate(Activation activation) final;
  void on_kick(uint16_t index) override;
  std::vector<VirtQueue::State> reset() final;

 protected:
  enum class Turn {
    done,   // nothing is left, or the driver is to kick first
    again,  // there is more; the loop's other work comes first
  };

  // `loop` is the one the device is attached with, and outlives it; `queue_sizes` too.
  DeviceBase(EventLoop& loop, std::span<const uint16_t> queue_sizes);

  // Does what can be done now, within a bound of the device's own. An error is a breach by the driver.
  virtual Result<Turn> serve() = 0;
  // Called by activate(), when the queues exist. An error undoes the activation.
  virtual Result<void> on_activate() { return {}; }
  // Lets go of the driver's buffers: the driver has reset the device, or broken the rules. Called with the
  // queues still there, also when not active. A device whose own members hold chains calls it in its
  // destructor.
  virtual void on_stop() {}
  [[nodiscard]] virtual std::span<const std::byte> config_space() const { return {}; }

  // Serves, unless the device is serving already, or the driver has broken the rules.
  void take_turn();
  // Null: not active, or the driver left it unset.
  [[nodiscard]] VirtQueue* queue(size_t index);
  [[nodiscard]] const GuestMemory& memory() const { return *active_->memory; }
  [[nodiscard]] EventLoop& loop() { return loop_; }

 private:
  void breach(const Error& error);
  void schedule();

  EventLoop& loop_;
  std::span<const uint16_t> queue_sizes_;
  std::optional<Activation> active_;
  bool is_broken_ = false;  // the driver has broken the rules, and has not reset the device yet
  bool is_serving_ = false;
  bool is_scheduled_ = false;
  int breaches_ = 0;  // those logged
  Scope scope_;       // of turns to come
};

}  // namespace caisson::vmm
