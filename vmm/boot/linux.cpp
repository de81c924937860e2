// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/linux.h"

#include <algorithm>

#include "vmm/boot/boot_params.h"
#include "vmm/boot/elf.h"
#include "vmm/boot/page_tables.h"

namespace caisson::vmm {
namespace {

constexpr uint64_t kPageBytes = 4096;

// The end of that RAM below the hole which Linux uses at boot.
uint64_t low_ram_end(const GuestMemory& memory, uint64_t boot_bytes) {
  const GuestMemory::Region& low = memory.regions().front();
  const uint64_t end = to_u64(low.start) + low.size_bytes;
  return boot_bytes == 0 ? end : std::min(end, boot_bytes);
}

tl::unexpected<Error> too_small(const std::string& what, uint64_t needed_bytes, uint64_t memory_bytes) {
  return fail(ENOMEM, "load " + what + ": it needs " + std::to_string(needed_bytes >> 20U) +
                          " MiB and more, the machine has " + std::to_string(memory_bytes >> 20U) +
                          " MiB; give it more memory");
}

Result<ElfImage> place_kernel(const GuestMemory& memory, const BootFile& file, uint64_t ram_end) {
  const std::vector<std::byte> head = TRY(file.read_head(kElfHeadBytes));
  ElfImage image = TRY_CONTEXT("load " + file.description(), parse_elf(head, file.size_bytes()));
  if (to_u64(image.end()) > ram_end) {
    return too_small(file.description(), to_u64(image.end()), ram_end);
  }
  for (const ElfImage::Segment& segment : image.segments) {
    TRY(file.place(memory, segment.address, segment.file_offset, segment.file_bytes));
  }
  return image;
}

// At `top`, the end of low RAM, from a page's start: Linux gives its pages back once it is unpacked. Sets
// where it went in `params`.
Result<void> place_initramfs(const GuestMemory& memory, const BootFile& file, GuestAddress kernel_end,
                             uint64_t top, BootParams& params) {
  const uint64_t floor = to_u64(kernel_end);
  // Subtractions of what was compared before, so that nothing wraps.
  if (floor > top || file.size_bytes() + kPageBytes > top - floor) {
    return too_small(file.description(), (floor + file.size_bytes()), top);
  }
  params.initramfs = GuestAddress{(top - file.size_bytes()) & ~(kPageBytes - 1)};
  params.initramfs_bytes = file.size_bytes();
  return file.place(memory, params.initramfs, 0, file.size_bytes());
}

}  // namespace

Result<LinuxFiles> LinuxFiles::open(const std::string& kernel, const std::string& initramfs) {
  LinuxFiles files{.kernel = TRY(BootFile::open("guest kernel", kernel)), .initramfs = {}};
  if (!initramfs.empty()) {
    files.initramfs = TRY(BootFile::open("initramfs", initramfs));
  }
  return files;
}

Result<GuestAddress> load_linux(const GuestMemory& memory, const LinuxFiles& files, const LinuxBoot& boot) {
  const uint64_t ram_end = low_ram_end(memory, boot.memory_bytes);
  const ElfImage image = TRY(place_kernel(memory, files.kernel, ram_end));
  const std::vector<std::byte> tree =
      TRY(build_device_tree({.cpus = boot.cpus, .devices = boot.devices, .memory = memory.regions()}));
  BootParams params{.command_line = boot.command_line, .device_tree = tree};
  if (files.initramfs) {
    TRY(place_initramfs(memory, *files.initramfs, image.end(), ram_end, params));
  }
  TRY(write_boot_params(memory, params));
  TRY(write_boot_tables(memory));
  return image.entry;
}

}  // namespace caisson::vmm
