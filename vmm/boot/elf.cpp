// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

// LIMIT: vmlinux has five; a table this long still fits kElfHeadBytes.
constexpr size_t kMaxProgramHeaders = 64;
// LIMIT: the boot page tables map this much, and no kernel we build comes near it.
constexpr uint64_t kMappedEnd = uint64_t{1} << 30;

tl::unexpected<Error> refuse(std::string why) {
  return fail(ENOEXEC,
              "parse guest kernel: " + std::move(why) + "; it must be an uncompressed x86-64 vmlinux");
}

Result<Elf64_Ehdr> parse_header(std::span<const std::byte> head) {
  Elf64_Ehdr header{};
  if (head.size() < sizeof(header)) {
    return refuse("shorter than an ELF header");
  }
  std::memcpy(&header, head.data(), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return refuse("not an ELF file");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return refuse("not for x86-64");
  }
  if (header.e_type != ET_EXEC) {
    return refuse("ELF type " + std::to_string(header.e_type) + " is not an executable");
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum > kMaxProgramHeaders) {
    return refuse(std::to_string(header.e_phnum) + " program headers of " +
                  std::to_string(header.e_phentsize) + " bytes");
  }
  if (header.e_phoff > head.size() || header.e_phnum * sizeof(Elf64_Phdr) > head.size() - header.e_phoff) {
    return refuse("program headers lie outside the file's head");
  }
  return header;
}

Result<ElfImage::Segment> parse_segment(const Elf64_Phdr& header, uint64_t file_bytes) {
  if (header.p_filesz > header.p_memsz) {
    return refuse("segment larger in the file than in memory");
  }
  if (header.p_offset > file_bytes || header.p_filesz > file_bytes - header.p_offset) {
    return refuse("segment reaches past the end of the file");
  }
  if (header.p_paddr < layout::kHighRamStart || header.p_paddr >= kMappedEnd ||
      header.p_memsz > kMappedEnd - header.p_paddr) {
    return refuse("segment of " + std::to_string(header.p_memsz) + " bytes at physical address " +
                  std::to_string(header.p_paddr) + " is not within 1 MiB and 1 GiB");
  }
  return ElfImage::Segment{.address = GuestAddress{header.p_paddr},
                           .memory_bytes = header.p_memsz,
                           .file_offset = header.p_offset,
                           .file_bytes = header.p_filesz};
}

Result<void> check_layout(const ElfImage& image) {
  uint64_t end_of_previous = 0;
  bool has_entry = false;
  for (const ElfImage::Segment& segment : image.segments) {
    const uint64_t start = to_u64(segment.address);
    if (start < end_of_previous) {
      return refuse("segments overlap");
    }
    end_of_previous = start + segment.memory_bytes;
    const uint64_t entry = to_u64(image.entry);
    has_entry = has_entry || (entry >= start && entry - start < segment.file_bytes);
  }
  if (!has_entry) {
    return refuse("entry " + std::to_string(to_u64(image.entry)) + " lies in no segment");
  }
  return {};
}

}  // namespace

GuestAddress ElfImage::end() const {
  return segments.empty() ? GuestAddress{0}
                          : GuestAddress{to_u64(segments.back().address) + segments.back().memory_bytes};
}

Result<ElfImage> parse_elf(std::span<const std::byte> head, uint64_t file_bytes) {
  const Elf64_Ehdr header = TRY(parse_header(head));
  ElfImage image;
  image.entry = GuestAddress{header.e_entry};
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program{};
    std::memcpy(&program, head.data() + header.e_phoff + i * sizeof(program), sizeof(program));
    if (program.p_type == PT_LOAD && program.p_memsz > 0) {
      image.segments.push_back(TRY(parse_segment(program, file_bytes)));
    }
  }
  std::ranges::sort(image.segments, {},
                    [](const ElfImage::Segment& segment) { return to_u64(segment.address); });
  TRY(check_layout(image));
  return image;
}

}  // namespace caisson::vmm
