// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/device_base.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace caisson::vmm {
namespace {

// LIMIT: a driver may reset a device and break the rules again for ever; the log is the host's disk.
constexpr int kMaxLogged = 8;

}  // namespace

DeviceBase::DeviceBase(EventLoop& loop, std::span<const uint16_t> queue_sizes)
    : loop_(loop), queue_sizes_(queue_sizes) {}

void DeviceBase::read_config(uint64_t offset, std::span<std::byte> out) const {
  std::ranges::fill(out, std::byte{0});
  const auto config = config_space();
  if (offset < config.size()) {
    const auto present = config.subspan(offset);
    std::ranges::copy(present.first(std::min(present.size(), out.size())), out.begin());
  }
}

Result<void> DeviceBase::activate(Activation activation) {
  if (activation.queues.size() != queue_sizes_.size()) {
    return fail(EINVAL, "activate " + std::string(name()) + ": it has " +
                            std::to_string(queue_sizes_.size()) + " queues");
  }
  active_ = std::move(activation);
  is_broken_ = false;
  if (auto ready = on_activate(); !ready) {
    active_.reset();
    return ready;
  }
  take_turn();
  return {};
}

std::vector<VirtQueue::State> DeviceBase::reset() {
  std::vector<VirtQueue::State> states(queue_sizes_.size());
  on_stop();
  for (size_t i = 0; i < states.size(); ++i) {
    if (const VirtQueue* const one = queue(i)) {
      states[i] = one->state();
    }
  }
  active_.reset();
  return states;
}

VirtQueue* DeviceBase::queue(size_t index) {
  return active_ && index < active_->queues.size() && active_->queues[index] ? &*active_->queues[index]
                                                                             : nullptr;
}

void DeviceBase::on_kick(uint16_t /*index*/) {
  take_turn();
}

void DeviceBase::take_turn() {
  if (!active_ || is_broken_ || is_serving_) {
    return;
  }
  is_serving_ = true;
  const Result<Turn> turn = serve();
  is_serving_ = false;
  if (!turn) {
    breach(turn.error());
  } else if (*turn == Turn::again) {
    schedule();
  }
}

// [virtio-1.2] 2.1.2: the device stops and asks for a reset.
void DeviceBase::breach(const Error& error) {
  if (breaches_ < kMaxLogged) {
    ++breaches_;
    spdlog::error("stop {}: the guest broke the rules: {}", name(), error.message);
  }
  is_broken_ = true;
  on_stop();
  if (active_->needs_reset) {
    active_->needs_reset(error.message);
  }
}

void DeviceBase::schedule() {
  if (std::exchange(is_scheduled_, true)) {
    return;
  }
  loop_.post(scope_, [this] {
    is_scheduled_ = false;
    take_turn();
  });
}

}  // namespace caisson::vmm
