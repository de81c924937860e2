// SPDX-License-Identifier: Apache-2.0
// The ELF parser against kernels that are none.
#include "vmm/boot/elf.h"

#include <gmock/gmock.h>

#include "tests/unit/vmm/boot/elf_image.h"

namespace caisson::vmm {
namespace {

using test::ElfFile;
using ::testing::HasSubstr;

void expect_refused(ElfFile& file, const char* why) {
  const std::vector<std::byte> bytes = file.bytes();
  const auto image = parse_elf(bytes, bytes.size());
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr(why));
}

TEST(elf, good_file_gives_its_segments_by_address) {
  ElfFile file;
  file.programs.insert(file.programs.begin(), ElfFile::load(0x1800, 0x200'0000, 0x10, 0x10));
  file.programs.push_back(ElfFile::load(0, 0x300'0000, 0, 0));  // empty: nothing to load
  const std::vector<std::byte> bytes = file.bytes();
  const auto image = parse_elf(bytes, bytes.size());
  ASSERT_TRUE(image) << image.error().message;
  ASSERT_EQ(image->segments.size(), 2U);
  EXPECT_EQ(to_u64(image->segments[0].address), 0x100'0000U);
  EXPECT_EQ(image->segments[0].file_offset, 0x1000U);
  EXPECT_EQ(image->segments[0].file_bytes, 0x1000U);
  EXPECT_EQ(image->segments[0].memory_bytes, 0x2000U);
  EXPECT_EQ(to_u64(image->entry), 0x100'0010U);
  EXPECT_EQ(to_u64(image->end()), 0x200'0010U);
}

TEST(elf, file_cut_anywhere_in_its_headers_is_refused) {
  const std::vector<std::byte> bytes = ElfFile().bytes();
  for (size_t size = 0; size < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); ++size) {
    EXPECT_FALSE(parse_elf(std::span(bytes).first(size), size)) << size;
  }
}

TEST(elf, other_magic_is_refused) {
  ElfFile file;
  file.header.e_ident[0] = 'M';
  expect_refused(file, "not an ELF file");
}

TEST(elf, other_machine_class_or_order_is_refused) {
  ElfFile machine;
  machine.header.e_machine = EM_AARCH64;
  expect_refused(machine, "not for x86-64");
  ElfFile bits;
  bits.header.e_ident[EI_CLASS] = ELFCLASS32;
  expect_refused(bits, "not for x86-64");
  ElfFile order;
  order.header.e_ident[EI_DATA] = ELFDATA2MSB;
  expect_refused(order, "not for x86-64");
}

TEST(elf, relocatable_file_is_refused) {
  ElfFile file;
  file.header.e_type = ET_DYN;
  expect_refused(file, "not an executable");
}

TEST(elf, program_headers_of_other_size_or_number_are_refused) {
  ElfFile size;
  size.header.e_phentsize = 1;
  expect_refused(size, "program headers");
  ElfFile none;
  none.programs.clear();
  expect_refused(none, "program headers");
  ElfFile many;
  many.programs.resize(65);
  const std::vector<std::byte> bytes = many.bytes();
  EXPECT_FALSE(parse_elf(bytes, bytes.size()));
}

TEST(elf, program_headers_outside_the_head_are_refused) {
  for (const uint64_t offset : {uint64_t{0x2000}, uint64_t{0x1fd0}, UINT64_MAX, UINT64_MAX - 10}) {
    ElfFile file;
    file.header.e_phoff = offset;
    expect_refused(file, "outside the file's head");
  }
}

TEST(elf, segment_past_the_end_of_the_file_is_refused) {
  for (const auto& [offset, size] :
       {std::pair<uint64_t, uint64_t>{0x1000, 0x1001}, {0x2001, 1}, {UINT64_MAX, 2}}) {
    ElfFile file;
    file.programs[0] = ElfFile::load(offset, 0x100'0000, size, 0x2000);
    expect_refused(file, "past the end of the file");
  }
}

TEST(elf, segment_smaller_in_memory_is_refused) {
  ElfFile file;
  file.programs[0].p_memsz = 0x800;
  expect_refused(file, "larger in the file");
}

TEST(elf, segment_outside_one_mib_to_one_gib_is_refused) {
  for (const auto& [address, size] : {std::pair<uint64_t, uint64_t>{0xff000, 0x2000},
                                      {0, 0x2000},
                                      {0x3fff'f000, 0x2000},
                                      {0x4000'0000, 0x1000},
                                      {UINT64_MAX - 0xfff, 0x2000},
                                      {0x100'0000, UINT64_MAX}}) {
    ElfFile file;
    file.programs[0] = ElfFile::load(0x1000, address, 0x1000, size);
    file.header.e_entry = address;
    expect_refused(file, "not within 1 MiB and 1 GiB");
  }
}

TEST(elf, overlapping_segments_are_refused) {
  ElfFile file;
  file.programs.push_back(ElfFile::load(0x1000, 0x100'1fff, 0x10, 0x10));
  expect_refused(file, "segments overlap");
}

TEST(elf, entry_outside_the_loaded_bytes_is_refused) {
  for (const uint64_t entry : {uint64_t{0}, uint64_t{0xff'ffff}, uint64_t{0x100'1000}, UINT64_MAX}) {
    ElfFile file;
    file.header.e_entry = entry;
    expect_refused(file, "lies in no segment");
  }
}

TEST(elf, file_without_anything_to_load_is_refused) {
  ElfFile file;
  file.programs[0].p_type = PT_NOTE;
  expect_refused(file, "lies in no segment");
}

}  // namespace
}  // namespace caisson::vmm
