// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_virtio_mmio
// A driver that does anything to a virtio-mmio device: register accesses of every width, and writes to its
// memory. The input is a list of operations, eight bytes and more each.
#include <array>
#include <cstdlib>
#include <cstring>

#include "tests/support/virtio/fake_device.h"
#include "vmm/virtio/transport/mmio/transport.h"

namespace {

using namespace caisson;
using namespace caisson::vmm;

struct Operation {
  uint8_t kind;
  uint8_t width;
  uint16_t offset;
  uint32_t value;
};
static_assert(sizeof(Operation) == 8);

constexpr uint64_t kMemoryStart = 0x10000;

void run(std::span<const uint8_t> input) {
  std::vector<std::byte> ram(65536);
  const GuestMemory memory = GuestMemory::borrow(GuestAddress{kMemoryStart}, ram);
  alignas(4096) std::array<std::byte, mmio::kRegisterBytes> page{};
  test::FakeDevice device;
  mmio::Transport transport(device, memory, mmio::RegisterPage(page),
                            {.interrupt = [] {},
                             .on_loop = [](const std::function<void()>& task) { task(); },
                             .complain = [](std::string_view) {}});
  while (input.size() >= sizeof(Operation)) {
    Operation operation{};
    std::memcpy(&operation, input.data(), sizeof(operation));
    input = input.subspan(sizeof(operation));
    std::array<std::byte, 8> bytes{};
    std::memcpy(bytes.data(), &operation.value, sizeof(operation.value));
    const auto some = std::span(bytes).first(operation.width % 9);
    switch (operation.kind % 4) {
      case 0:
        transport.read(operation.offset, some);
        break;
      case 1:
        transport.write(operation.offset % mmio::kRegisterBytes, some);
        break;
      case 2:  // the common case, so that set-up is reached
        transport.write(operation.offset % 0x100 & ~3U, std::span(bytes).first(4));
        break;
      default:
        if (memory.span(GuestAddress{kMemoryStart + operation.offset}, 4)) {
          (void)memory.store(GuestAddress{kMemoryStart + operation.offset}, operation.value);
        }
        break;
    }
    if (std::memcmp(page.data(), "virt", 4) != 0) {
      std::abort();
    }
  }
  transport.detach();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  run(std::span(data, std::min<size_t>(size, 4096)));
  return 0;
}
