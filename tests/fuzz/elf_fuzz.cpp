// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_boot
// A kernel file of any bytes. What the parser accepts must keep the promises of ElfImage.
#include <cstdlib>

#include "vmm/boot/elf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caisson::vmm;
  const auto bytes = std::as_bytes(std::span(data, std::min(size, kElfHeadBytes)));
  const auto image = parse_elf(bytes, size);
  if (!image) {
    return 0;
  }
  uint64_t end = uint64_t{1} << 20;
  for (const ElfImage::Segment& segment : image->segments) {
    const bool kept = segment.memory_bytes > 0 && to_u64(segment.address) >= end &&
                      segment.file_bytes <= segment.memory_bytes &&
                      segment.file_offset + segment.file_bytes <= size;
    end = to_u64(segment.address) + segment.memory_bytes;
    if (!kept || end > uint64_t{1} << 30) {
      std::abort();
    }
  }
  return 0;
}
