// SPDX-License-Identifier: Apache-2.0
#include "vmm/devices/virtio/fs/fs_device.h"

#include <algorithm>
#include <cstring>

namespace caisson::vmm {
namespace {

// [virtio-1.2] 5.11.2: hiprio is queue 0, the only request queue is 1 (no notification queue is offered). The
// guest's kernel sends transfers no larger than a queue has entries, so 256 pages and their headers must fit.
constexpr std::array<uint16_t, 2> kQueueSizes = {1024, 1024};

}  // namespace

Result<std::unique_ptr<FsDevice>> FsDevice::create(Config config, EventLoop& loop) {
  if (config.tag.empty() || config.tag.size() > sizeof(ConfigSpace::tag)) {
    return fail(EINVAL, "create the file system device: a tag has 1 to 36 bytes");
  }
  auto server = TRY(fs::Server::create(std::move(config.server)));
  return std::unique_ptr<FsDevice>(new FsDevice(config.tag, std::move(server), loop));
}

FsDevice::FsDevice(std::string_view tag, std::unique_ptr<fs::Server> server, EventLoop& loop)
    : server_(std::move(server)), loop_(&loop) {
  std::copy(tag.begin(), tag.end(), config_.tag.begin());
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
  activation_ = {};
  server_->reset();
  ++*generation_;
  return states;
}

void FsDevice::on_kick(uint16_t index) {
  if (drain(index)) {
    return;
  }
  // The loop has other descriptors to look after; this queue's turn comes again.
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
      const uint32_t written = server_->serve(**chain);
      queue.push(std::move(**chain), written);
      if (++served % fs::kNotifyEvery == 0) {
        queue.notify();
      }
    }
    queue.notify();
  } while (served < fs::kChainsPerTurn && queue.enable_kicks());
  return served < fs::kChainsPerTurn;
}

// Outcome of a breach of the ring's rules: the device stops and asks for a reset [virtio-1.2] 2.1.2.
void FsDevice::stop(const Error& error) {
  activation_.queues.assign(activation_.queues.size(), std::nullopt);
  if (activation_.needs_reset) {
    activation_.needs_reset(error.message);
  }
}

}  // namespace caisson::vmm
