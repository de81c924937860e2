// SPDX-License-Identifier: Apache-2.0
#include "vmm/devices/virtio/rng/device.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <utility>

namespace caisson::vmm::rng {

namespace {

constexpr std::array<uint16_t, 1> kQueueSizes{8};

// LIMIT: requests served before other work of the loop gets its turn.
constexpr int kRequestsPerRound = 8;

// Fills the chain's first kMaxRequestBytes; returns how many bytes those were.
Result<uint32_t> fill(const Chain& chain) {
  size_t done = 0;
  for (const iovec& part : chain.writable()) {
    size_t at = 0;
    const size_t size = std::min(part.iov_len, Device::kMaxRequestBytes - done);
    while (at < size) {
      const ssize_t n = ::getrandom(static_cast<std::byte*>(part.iov_base) + at, size - at, 0);
      if (n < 0 && errno != EINTR) {
        return fail_errno("read entropy");
      }
      at += static_cast<size_t>(std::max<ssize_t>(n, 0));
    }
    done += size;
  }
  return static_cast<uint32_t>(done);
}

}  // namespace

Device::Device(EventLoop& loop) : loop_(loop), self_(std::make_shared<Device*>(this)) {}

Device::~Device() {
  *self_ = nullptr;
}

std::span<const uint16_t> Device::queue_sizes() const {
  return kQueueSizes;
}

void Device::read_config(uint64_t /*offset*/, std::span<std::byte> out) const {
  std::ranges::fill(out, std::byte{0});  // there is none [virtio-1.2] 5.4.4
}

Result<void> Device::activate(Activation activation) {
  if (activation.queues.size() != kQueueSizes.size()) {
    return fail(EINVAL, "activate rng: it has 1 queue");
  }
  active_ = std::move(activation);
  is_broken_ = false;
  on_kick(0);
  return {};
}

void Device::on_kick(uint16_t /*index*/) {
  if (is_broken_ || !active_ || !active_->queues[0]) {
    return;
  }
  const Result<bool> more = serve();
  active_->queues[0]->notify();
  if (!more) {
    // LIMIT: a driver may reset us and do it again for ever; the log is the host's disk.
    constexpr int kMaxLogged = 8;
    if (breaches_ < kMaxLogged) {
      ++breaches_;
      spdlog::error("stop rng: {}", more.error().message);
    }
    is_broken_ = true;
    if (active_->needs_reset) {
      active_->needs_reset(more.error().message);
    }
  } else if (*more) {
    schedule();
  }
}

Result<bool> Device::serve() {
  VirtQueue& queue = *active_->queues[0];
  queue.disable_kicks();
  for (int served = 0; served < kRequestsPerRound;) {
    std::optional<Chain> chain = TRY(queue.pop());
    if (chain) {
      ++served;
      const Result<uint32_t> written = fill(*chain);
      queue.push(std::move(*chain), written.value_or(0));
      TRY(written);
    } else if (!queue.enable_kicks()) {
      return false;
    }
  }
  return true;
}

void Device::schedule() {
  if (std::exchange(is_scheduled_, true)) {
    return;
  }
  loop_.post([self = self_] {
    if (*self != nullptr) {
      (*self)->is_scheduled_ = false;
      (*self)->on_kick(0);
    }
  });
}

std::vector<VirtQueue::State> Device::reset() {
  std::vector<VirtQueue::State> states(kQueueSizes.size());
  if (active_ && active_->queues[0]) {
    states[0] = active_->queues[0]->state();
  }
  active_.reset();
  return states;
}

}  // namespace caisson::vmm::rng
