// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/boot_params.h"

#include <asm/bootparam.h>
#include <sys/random.h>

#include <array>
#include <cstring>

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

static_assert(sizeof(boot_params) == 4096);
static_assert(sizeof(setup_data) == 16);

constexpr uint32_t kE820Ram = 1;
constexpr size_t kSeedBytes = 32;

Result<void> copy_in(const GuestMemory& memory, GuestAddress address, std::span<const std::byte> bytes) {
  std::memcpy(TRY(memory.span(address, bytes.size())).data(), bytes.data(), bytes.size());
  return {};
}

// Low RAM up to the firmware's hole, then everything from 1 MiB.
void write_e820(boot_params& zero_page, std::span<const GuestMemory::Region> regions) {
  uint8_t count = 0;
  const auto add = [&](uint64_t start, uint64_t end) {
    if (start < end) {
      zero_page.e820_table[count++] = {.addr = start, .size = end - start, .type = kE820Ram};
    }
  };
  for (const GuestMemory::Region& region : regions) {
    const uint64_t start = to_u64(region.start);
    const uint64_t end = start + region.size_bytes;
    if (start == 0) {
      add(0, std::min(end, layout::kLowRamEnd));
      add(layout::kHighRamStart, end);
    } else {
      add(start, end);
    }
  }
  zero_page.e820_entries = count;
}

// One link of the list: a setup_data header, then `bytes`.
Result<void> write_entry(const GuestMemory& memory, uint64_t at, uint64_t next, uint32_t type,
                         std::span<const std::byte> bytes) {
  setup_data header{};
  header.next = next;
  header.type = type;
  header.len = static_cast<uint32_t>(bytes.size());
  TRY(memory.store(GuestAddress{at}, header));
  return copy_in(memory, GuestAddress{at + sizeof(header)}, bytes);
}

// A list of two: the device tree, then a seed for the kernel's random number generator.
Result<void> write_setup_data(const GuestMemory& memory, std::span<const std::byte> device_tree) {
  const uint64_t tree_at = to_u64(layout::kSetupData);
  const uint64_t seed_at = (tree_at + sizeof(setup_data) + device_tree.size() + 15) & ~uint64_t{15};
  if (seed_at + sizeof(setup_data) + kSeedBytes > layout::kLowRamEnd) {
    return fail(EOVERFLOW,
                "write boot parameters: device tree of " + std::to_string(device_tree.size()) + " bytes");
  }
  TRY(write_entry(memory, tree_at, seed_at, SETUP_DTB, device_tree));
  std::array<std::byte, kSeedBytes> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail_errno("get random seed for the guest");
  }
  return write_entry(memory, seed_at, 0, SETUP_RNG_SEED, bytes);
}

}  // namespace

Result<void> write_boot_params(const GuestMemory& memory, const BootParams& params) {
  if (params.command_line.size() >= kMaxCommandLineBytes) {
    return fail(E2BIG, "pass kernel command line: " + std::to_string(params.command_line.size()) +
                           " bytes is more than Linux takes (" + std::to_string(kMaxCommandLineBytes - 1) +
                           "); shorten the extra kernel arguments");
  }
  if (to_u64(params.initramfs) + params.initramfs_bytes > GuestMemory::kHoleEnd) {
    return fail(EINVAL, "pass initramfs: it must lie below 4 GiB");
  }
  TRY(copy_in(memory, layout::kCommandLine,
              std::as_bytes(std::span(params.command_line.c_str(), params.command_line.size() + 1))));
  TRY(write_setup_data(memory, params.device_tree));

  boot_params zero_page{};
  setup_header& header = zero_page.hdr;
  header.boot_flag = 0xaa55;
  header.header = 0x53726448;  // "HdrS"
  header.version = 0x020f;
  header.type_of_loader = 0xff;  // [boot]: none registered
  header.loadflags = LOADED_HIGH;
  header.kernel_alignment = 0x100'0000;
  header.cmd_line_ptr = static_cast<uint32_t>(to_u64(layout::kCommandLine));
  header.cmdline_size = kMaxCommandLineBytes - 1;
  header.ramdisk_image = static_cast<uint32_t>(to_u64(params.initramfs));
  header.ramdisk_size = static_cast<uint32_t>(params.initramfs_bytes);
  header.setup_data = to_u64(layout::kSetupData);
  write_e820(zero_page, memory.regions());
  return memory.store(layout::kBootParams, zero_page);
}

}  // namespace caisson::vmm
