// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/device_setup.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace caisson::vmm::vhost_user {

DeviceSetup::DeviceSetup(VirtioDevice& device, EventLoop& loop, std::function<void(Error)> on_failure)
    : device_(&device), loop_(&loop), on_failure_(std::move(on_failure)) {
  // A vring is named by 8 bits on the wire.
  assert(device.queue_sizes().size() <= 256);
  for (size_t i = 0; i < device.queue_sizes().size(); ++i) {
    rings_.push_back(std::make_unique<Vring>());
  }
}

uint64_t DeviceSetup::offered_features() const {
  return device_->features() | kFeatureVersion1 | kFeatureIndirect | kFeatureEventIndex |
         kFeatureProtocolFeatures;
}

Result<void> DeviceSetup::set_features(uint64_t wanted) {
  if ((wanted & ~offered_features()) != 0) {
    return fail(EPROTO, "set features: the front end accepts what was not offered");
  }
  if (wanted != features_) {
    deactivate();
    features_ = wanted;
  }
  return {};
}

Result<void> DeviceSetup::set_memory(std::unique_ptr<MemoryTable> table) {
  // QEMU sends it again whenever the guest's memory map changes.
  const bool was_active = active_;
  deactivate();
  memory_ = std::move(table);
  return was_active ? activate_when_ready() : Result<void>{};
}

Result<Vring*> DeviceSetup::ring(uint32_t index) {
  if (index >= rings_.size()) {
    return fail(EPROTO,
                "find vring " + std::to_string(index) + ": the device has " + std::to_string(rings_.size()));
  }
  return rings_[index].get();
}

Result<Vring*> DeviceSetup::stopped_ring(uint32_t index) {
  Vring* found = TRY(ring(index));
  if (found->is_started()) {
    return fail(EPROTO, "set up vring " + std::to_string(index) + ": it is started");
  }
  return found;
}

Result<void> DeviceSetup::start_ring(uint32_t index, Event kick) {
  Vring& ring = *rings_[index];
  drop_kick(ring);
  ring.kick = std::move(kick);
  const auto number = static_cast<uint16_t>(index);
  auto watched = loop_->watch(ring.kick.fd(), EPOLLIN, [this, number](uint32_t) { on_kick(number); });
  if (!watched) {
    ring.kick = {};
    return tl::unexpected(std::move(watched).error());
  }
  ring.kick_watch = std::move(*watched);
  // [vhost-user] "Ring states": without protocol features a ring is enabled from the start.
  if ((features_ & kFeatureProtocolFeatures) == 0) {
    ring.enabled = true;
  }
  // A ring added to a running device: it must be told of all its queues anew.
  deactivate();
  return activate_when_ready();
}

uint16_t DeviceSetup::stop_ring(Vring& ring) {
  deactivate();
  drop_kick(ring);
  return ring.state.next_available;
}

Result<void> DeviceSetup::enable_ring(Vring& ring) {
  if (!std::exchange(ring.enabled, true) && ring.is_started()) {
    deactivate();
  }
  return activate_when_ready();
}

void DeviceSetup::disable_ring(Vring& ring) {
  ring.enabled = false;
  deactivate();
}

void DeviceSetup::disable_all() {
  deactivate();
  for (const auto& ring : rings_) {
    ring->enabled = false;
  }
}

void DeviceSetup::set_call(Vring& ring, Event call) {
  ring.call = std::move(call);
  // What was raised while the old descriptor was in place may have been lost with it.
  if (active_) {
    ring.call.signal();
  }
}

void DeviceSetup::close() {
  deactivate();
  for (const auto& ring : rings_) {
    drop_kick(*ring);
  }
}

void DeviceSetup::on_kick(uint16_t index) {
  if (Result<void> cleared = rings_[index]->kick.clear(); !cleared) {
    const auto tell = on_failure_;  // whoever hears it may destroy this
    tell(std::move(cleared).error());
    return;
  }
  if (active_) {
    device_->on_kick(index);
  }
}

void DeviceSetup::drop_kick(Vring& ring) {
  ring.kick_watch.reset();
  ring.kick = {};
}

bool DeviceSetup::is_ready() const {
  const auto started = [](const auto& ring) { return ring->is_started(); };
  const auto ready = [](const auto& ring) { return !ring->is_started() || ring->enabled; };
  return memory_ && std::ranges::any_of(rings_, started) && std::ranges::all_of(rings_, ready);
}

Result<VirtioDevice::Activation> DeviceSetup::make_activation() {
  VirtioDevice::Activation activation;
  activation.memory = &memory_->memory();
  activation.features = features_ & ~kFeatureProtocolFeatures;
  for (const auto& ring : rings_) {
    if (ring->is_started()) {
      activation.queues.emplace_back(TRY(ring->make_queue(*memory_, features_)));
    } else {
      activation.queues.emplace_back(std::nullopt);
    }
  }
  activation.needs_reset = [this](std::string_view /*reason*/) {
    // The device has logged why; vhost-user has this eventfd for it and nothing else.
    for (const auto& ring : rings_) {
      ring->error.signal();
    }
  };
  return activation;
}

Result<void> DeviceSetup::activate_when_ready() {
  if (active_ || !is_ready()) {
    return {};
  }
  if ((features_ & kFeatureVersion1) == 0) {
    return fail(EPROTO,
                "activate: the driver is a legacy one (start QEMU with virtio-mmio.force-legacy=false)");
  }
  TRY(device_->activate(TRY(make_activation())));
  active_ = true;
  // Kicks from before now went to a device that did not listen.
  for (size_t i = 0; i < rings_.size(); ++i) {
    if (rings_[i]->is_started()) {
      device_->on_kick(static_cast<uint16_t>(i));
    }
  }
  return {};
}

void DeviceSetup::deactivate() {
  if (!std::exchange(active_, false)) {
    return;
  }
  const std::vector<VirtQueue::State> states = device_->reset();
  for (size_t i = 0; i < rings_.size() && i < states.size(); ++i) {
    if (rings_[i]->is_started()) {
      rings_[i]->state = states[i];
    }
  }
}

}  // namespace caisson::vmm::vhost_user
