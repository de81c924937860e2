// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/rng/device.h"

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

Device::Device(EventLoop& loop) : DeviceBase(loop, kQueueSizes) {}

Result<DeviceBase::Turn> Device::serve() {
  VirtQueue* const requests = queue(0);
  if (requests == nullptr) {
    return Turn::done;
  }
  auto turn = serve_queue(*requests);
  requests->notify();
  return turn;
}

Result<DeviceBase::Turn> Device::serve_queue(VirtQueue& queue) {
  queue.disable_kicks();
  for (int served = 0; served < kRequestsPerRound;) {
    std::optional<Chain> chain = TRY(queue.pop());
    if (chain) {
      ++served;
      const Result<uint32_t> written = fill(*chain);
      queue.push(std::move(*chain), written.value_or(0));
      TRY(written);
    } else if (!queue.enable_kicks()) {
      return Turn::done;
    }
  }
  return Turn::again;
}

}  // namespace caisson::vmm::rng
