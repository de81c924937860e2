// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_virtio
// A hostile driver: the input is guest memory, rings included. Every part of every chain taken is read and
// written.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/support/virtio/fake_driver.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caisson;
  using namespace caisson::vmm;
  // Descriptors from 0, available ring at 0x100, used ring at 0x180, the rest for buffers and indirect
  // tables.
  constexpr uint16_t kSize = 16;
  std::vector<std::byte> bytes(4096);
  if (size < 2) {
    return 0;
  }
  const uint8_t choice = data[0];
  const size_t used_bytes = std::min(size - 1, bytes.size());
  std::memcpy(bytes.data(), data + 1, used_bytes);
  const GuestMemory memory = GuestMemory::borrow(GuestAddress{0}, bytes);
  test::CountingInterrupt interrupt;
  const VirtQueue::Config config{.size = kSize,
                                 .descriptors = GuestAddress{0},
                                 .available = GuestAddress{0x100},
                                 .used = GuestAddress{0x180},
                                 .event_index = (choice & 1) != 0,
                                 .indirect = (choice & 2) != 0,
                                 .next_available = static_cast<uint16_t>(choice >> 2),
                                 .next_used = 0};
  VirtQueue queue = std::move(VirtQueue::create(memory, config, interrupt).value());
  // A ring's worth of rounds: what is written into buffers may make new chains, as a guest could.
  for (int round = 0; round < kSize; ++round) {
    auto popped = queue.pop();
    if (!popped || !*popped) {
      break;
    }
    Chain chain = std::move(**popped);
    if (chain.readable().size() + chain.writable().size() > Chain::kMaxParts) {
      std::abort();
    }
    std::vector<std::byte> copy(std::min<uint64_t>(chain.readable_bytes(), 65536));
    if (chain.copy_out(0, copy) != copy.size()) {
      std::abort();
    }
    uint64_t total = 0;
    for (const iovec& part : chain.writable()) {
      std::memset(part.iov_base, round, part.iov_len);
      total += part.iov_len;
    }
    if (total != chain.writable_bytes()) {
      std::abort();
    }
    if ((choice & 4) != 0 && round == 0) {
      queue.undo_pop(std::move(chain));
      continue;
    }
    queue.push(std::move(chain), static_cast<uint32_t>(total));
    queue.notify();
    (void)queue.enable_kicks();
  }
  return 0;
}
