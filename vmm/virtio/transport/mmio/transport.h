// SPDX-License-Identifier: Apache-2.0
// The virtio-mmio transport, version 2 [virtio-1.2] 4.2: between a driver's register accesses and one
// VirtioDevice. Used by KvmMachine. Every byte written here is the guest's: hostile. The guest can break only
// its own device: a breach leads to DEVICE_NEEDS_RESET, or is ignored where the specification calls the
// result undefined.
//
// read() and write() are serialized by the caller (a vCPU's thread at a time). Calls to the device go through
// Host::on_loop, so that they come on its loop's thread; kick() is called there.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "vmm/virtio/device.h"
#include "vmm/virtio/transport/mmio/queue_registers.h"
#include "vmm/virtio/transport/mmio/register_page.h"

namespace caisson::vmm::mmio {

class Transport final : public QueueInterrupt {
 public:
  // What the machine provides. All of it must outlive the transport.
  struct Host {
    // Raises the device's interrupt line (an edge). Called on the loop's thread.
    std::function<void()> interrupt;
    // Runs a task on the device's loop and returns when it is done.
    std::function<void(const std::function<void()>&)> on_loop;
    // Tells an operator what the driver did wrong. Called on the loop's thread.
    std::function<void(std::string_view reason)> complain;
  };

  // Call it on the loop's thread. `page` may have any contents.
  Transport(VirtioDevice& device, const GuestMemory& memory, RegisterPage page, Host host);

  // An access of any width within [0, kRegisterBytes).
  void read(uint32_t offset, std::span<std::byte> out) const;
  void write(uint32_t offset, std::span<const std::byte> in);

  // The driver notified queue `index`; spurious calls are harmless. On the loop's thread.
  void kick(uint32_t index);

  // Takes the device back from the driver, as if it had reset it. On the loop's thread, no vCPU running.
  void detach();

  // QueueInterrupt: the device used buffers. On the loop's thread.
  void raise() override;

  [[nodiscard]] VirtioDevice& device() const { return device_; }

 private:
  using Writer = void (Transport::*)(uint32_t value);
  struct WriteRule;
  static const WriteRule* find_rule(Register offset);

  // What each writable register does, by its name in the specification.
  void write_device_features_sel(uint32_t value);
  void write_driver_features(uint32_t value);
  void write_driver_features_sel(uint32_t value) { driver_features_sel_ = value; }
  void write_queue_sel(uint32_t value);
  void write_queue_num(uint32_t value);
  void write_queue_ready(uint32_t value);
  void write_queue_notify(uint32_t value);
  void write_interrupt_ack(uint32_t value);
  void write_status(uint32_t value);
  template <uint64_t QueueRegisters::Queue::*field, unsigned shift>
  void write_queue_address(uint32_t value);

  [[nodiscard]] uint32_t status() const { return page_.load(Register::Status); }
  [[nodiscard]] uint64_t offered_features() const;
  void accept_features();
  void reset();
  void start();
  Result<void> activate();
  void deactivate();
  void write_config(uint32_t offset, std::span<const std::byte> in);
  void show_config();
  void needs_reset();

  VirtioDevice& device_;
  const GuestMemory& memory_;
  RegisterPage page_;
  Host host_;

  uint32_t device_features_sel_ = 0;
  uint32_t driver_features_sel_ = 0;
  uint64_t driver_features_ = 0;
  QueueRegisters queues_;

  bool active_ = false;  // the loop's thread only
};

}  // namespace caisson::vmm::mmio
