// SPDX-License-Identifier: Apache-2.0
#include "vmm/devices/virtio/fs/fs_device.h"

#include <algorithm>
#include <cstring>

namespace caisson::vmm {
namespace {

// [virtio-1.2] 5.11.2: hiprio is queue 0, the only request queue is 1 (no notification queue is offered). The
// guest's kernel sends transfers no larger than a queue has entries, so 256 pages and their headers must fit.
constexpr uint16_t kHiprio = 0;
constexpr uint16_t kRequests = 1;
constexpr std::array<uint16_t, 2> kQueueSizes = {1024, 1024};

}  // namespace

Result<std::unique_ptr<FsDevice>> FsDevice::create(Config config, EventLoop& loop) {
  if (config.tag.empty() || config.tag.size() > sizeof(ConfigSpace::tag)) {
    return fail(EINVAL, "create the file system device: a tag has 1 to 36 bytes");
  }
  auto device = std::unique_ptr<FsDevice>(new FsDevice(config.tag, loop));
  device->server_ = TRY(fs::Server::create(
      std::move(config.server), loop,
      [self = device.get()](uint64_t ticket, int error) { self->answer_later(ticket, error); }));
  return device;
}

FsDevice::FsDevice(std::string_view tag, EventLoop& loop) : loop_(&loop) {
  std::copy(tag.begin(), tag.end(), config_.tag.begin());
}

FsDevice::~FsDevice() {
  ++*generation_;
  drop_waiting();
}

std::span<const uint16_t> FsDevice::queue_sizes() const {
  return kQueueSizes;
}

void FsDevice::read_config(uint64_t offset, std::span<std::byte> out) const {
  std::fill(out.begin(), out.end(), std::byte{0});
  const auto bytes = std::as_bytes(std::span(&config_, 1));
  if (offset < bytes.size()) {
    const auto present = bytes.subspan(offset, std::min<uint64_t>(out.size(), bytes.size() - offset));
    std::copy(present.begin(), present.end(), out.begin());
  }
}

Result<void> FsDevice::activate(Activation activation) {
  uint64_t memory_bytes = 0;
  for (const GuestMemory::Region& region : activation.memory->regions()) {
    memory_bytes += region.size_bytes;
  }
  TRY(server_->start(memory_bytes));
  activation_ = std::move(activation);
  activation_.queues.resize(kQueueSizes.size());
  ++*generation_;
  return {};
}

std::vector<VirtQueue::State> FsDevice::reset() {
  std::vector<VirtQueue::State> states;
  for (const auto& queue : activation_.queues) {
    states.push_back(queue ? queue->state() : VirtQueue::State{});
  }
  drop_waiting();
  activation_ = {};
  server_->reset();
  ++*generation_;
  return states;
}

// Whichever queue was kicked: requests first, since an interrupt is about one of them; then what was
// forgotten, for which the guest's kernel seldom kicks, since nobody waits for it.
void FsDevice::on_kick(uint16_t index) {
  ++kicks_;
  if (drain(kRequests) && drain(kHiprio)) {
    return;
  }
  // The loop has other descriptors to look after; the queues' turn comes again.
  loop_->post([this, index, generation = generation_, wanted = *generation_] {
    if (*generation == wanted) {
      on_kick(index);
    }
  });
}

bool FsDevice::drain(uint16_t index) {
  if (index >= activation_.queues.size() || !activation_.queues[index]) {
    return true;
  }
  VirtQueue& queue = *activation_.queues[index];
  queue.disable_kicks();
  int served = 0;
  do {
    while (served < fs::kChainsPerTurn) {
      auto chain = queue.pop();
      if (!chain) {
        stop(chain.error());
        return true;
      }
      if (!*chain) {
        break;
      }
      const fs::Server::Served served_now = server_->serve(**chain);
      if (served_now.ticket != 0) {
        waiting_.emplace(served_now.ticket,
                         Waiting{.queue = index, .unique = served_now.unique, .chain = std::move(**chain)});
      } else {
        queue.push(std::move(**chain), served_now.written);
      }
      if (++served % fs::kNotifyEvery == 0) {
        queue.notify();
      }
    }
    queue.notify();
  } while (served < fs::kChainsPerTurn && queue.enable_kicks());
  return served < fs::kChainsPerTurn;
}

void FsDevice::drop_waiting() {
  for (auto& [ticket, waiting] : waiting_) {
    waiting.chain.abandon();
  }
  waiting_.clear();
}

void FsDevice::answer_later(uint64_t ticket, int error) {
  auto found = waiting_.extract(ticket);
  if (found.empty()) {
    return;
  }
  Waiting& waiting = found.mapped();
  const uint32_t written = fs::Server::end_waiting(waiting.chain, waiting.unique, error);
  auto& queue = activation_.queues[waiting.queue];
  queue->push(std::move(waiting.chain), written);
  queue->notify();
}

// Outcome of a breach of the ring's rules: the device stops and asks for a reset [virtio-1.2] 2.1.2.
void FsDevice::stop(const Error& error) {
  drop_waiting();
  activation_.queues.assign(activation_.queues.size(), std::nullopt);
  if (activation_.needs_reset) {
    activation_.needs_reset(error.message);
  }
}

}  // namespace caisson::vmm
