// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/device.h"

#include <algorithm>

namespace caisson::vmm::fs {
namespace {

// [virtio-1.2] 5.11.2: hiprio is queue 0, the only request queue is 1 (no notification queue is offered). The
// guest's kernel sends transfers no larger than a queue has entries, so 256 pages and their headers must fit.
constexpr uint16_t kHiprio = 0;
constexpr uint16_t kRequests = 1;
constexpr std::array<uint16_t, 2> kQueueSizes = {1024, 1024};

}  // namespace

Result<std::unique_ptr<Device>> Device::create(Config config, EventLoop& loop) {
  if (config.tag.empty() || config.tag.size() > sizeof(ConfigSpace::tag)) {
    return fail(EINVAL, "create the file system device: a tag has 1 to 36 bytes");
  }
  auto device = std::unique_ptr<Device>(new Device(config.tag, loop));
  device->server_ =
      TRY(Server::create(std::move(config.server), loop, [self = device.get()](uint64_t ticket, int error) {
        self->answer_later(ticket, error);
      }));
  return device;
}

Device::Device(std::string_view tag, EventLoop& loop) : DeviceBase(loop, kQueueSizes) {
  std::copy(tag.begin(), tag.end(), config_.tag.begin());
}

Device::~Device() {
  on_stop();
}

std::span<const std::byte> Device::config_space() const {
  return std::as_bytes(std::span(&config_, 1));
}

Result<void> Device::on_activate() {
  uint64_t memory_bytes = 0;
  for (const GuestMemory::Region& region : memory().regions()) {
    memory_bytes += region.size_bytes;
  }
  return server_->start(memory_bytes);
}

// Of whoever waits there is no driver left.
void Device::on_stop() {
  for (auto& [ticket, waiting] : waiting_) {
    waiting.chain.abandon();
  }
  waiting_.clear();
  if (server_) {
    server_->reset();
  }
}

void Device::on_kick(uint16_t /*index*/) {
  ++kicks_;
  take_turn();
}

// Whichever queue was kicked: requests first, since an interrupt is about one of them; then what was
// forgotten, for which the guest's kernel seldom kicks, since nobody waits for it.
Result<DeviceBase::Turn> Device::serve() {
  if (TRY(drain(kRequests)) == Turn::again) {
    return Turn::again;
  }
  return drain(kHiprio);
}

Result<DeviceBase::Turn> Device::drain(uint16_t index) {
  VirtQueue* const from = queue(index);
  if (from == nullptr) {
    return Turn::done;
  }
  from->disable_kicks();
  int served = 0;
  do {
    while (served < kChainsPerTurn) {
      // What the guest has closed may lie in the other queue still.
      if (index == kRequests && server_->is_full()) {
        TRY(drain(kHiprio));
      }
      std::optional<Chain> chain = TRY(from->pop());
      if (!chain) {
        break;
      }
      const Server::Served served_now = server_->serve(*chain);
      if (served_now.ticket != 0) {
        waiting_.emplace(served_now.ticket,
                         Waiting{.queue = index, .unique = served_now.unique, .chain = std::move(*chain)});
      } else {
        from->push(std::move(*chain), served_now.written);
      }
      if (++served % kNotifyEvery == 0) {
        from->notify();
      }
    }
    from->notify();
  } while (served < kChainsPerTurn && from->enable_kicks());
  return served < kChainsPerTurn ? Turn::done : Turn::again;
}

void Device::answer_later(uint64_t ticket, int error) {
  auto found = waiting_.extract(ticket);
  if (found.empty()) {
    return;
  }
  Waiting& waiting = found.mapped();
  const uint32_t written = Server::end_waiting(waiting.chain, waiting.unique, error);
  VirtQueue* const to = queue(waiting.queue);
  to->push(std::move(waiting.chain), written);
  to->notify();
}

}  // namespace caisson::vmm::fs
