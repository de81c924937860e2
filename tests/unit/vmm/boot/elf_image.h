// SPDX-License-Identifier: Apache-2.0
// Builds small ELF files for the loader's tests.
#pragma once

#include <elf.h>

#include <cstring>
#include <span>
#include <vector>

namespace caisson::test {

// A header and program headers, right for a vmlinux of one page at 16 MiB until a test spoils them.
struct ElfFile {
  ElfFile() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_entry = 0x100'0010;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    programs.push_back(load(0x1000, 0x100'0000, 0x1000, 0x2000));
  }

  static Elf64_Phdr load(uint64_t offset, uint64_t address, uint64_t file_bytes, uint64_t memory_bytes) {
    Elf64_Phdr program{};
    program.p_type = PT_LOAD;
    program.p_offset = offset;
    program.p_paddr = address;
    program.p_filesz = file_bytes;
    program.p_memsz = memory_bytes;
    return program;
  }

  // `size_bytes` of file: the headers, then bytes that tell their offset.
  [[nodiscard]] std::vector<std::byte> bytes(size_t size_bytes = 0x2000) {
    header.e_phnum = static_cast<Elf64_Half>(programs.size());
    std::vector<std::byte> file(size_bytes);
    for (size_t i = 0; i < file.size(); ++i) {
      file[i] = static_cast<std::byte>(i * 7);
    }
    std::memcpy(file.data(), &header, sizeof(header));
    std::memcpy(file.data() + sizeof(header), programs.data(), std::span(programs).size_bytes());
    return file;
  }

  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> programs;
};

}  // namespace caisson::test
