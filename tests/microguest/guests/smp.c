// SPDX-License-Identifier: Apache-2.0
// Starts the second CPU by INIT and SIPI [sdm] 9.4.4 and waits for its mark.
#include "guest.h"

enum { kTrampoline = 0x8000, kMark = 0x600 };

extern const uint8_t trampoline[], trampoline_end[];
__asm__(
    ".section .rodata\n"
    ".code16\n"
    "trampoline:\n"
    "  xorw %ax, %ax\n"
    "  movw %ax, %ds\n"
    "  movw $0x1234, 0x600\n"
    "1: cli\n"
    "  hlt\n"
    "  jmp 1b\n"
    "trampoline_end:\n"
    ".code64\n"
    ".text\n");

void run(void) {
  for (long i = 0; i < trampoline_end - trampoline; ++i) ((volatile uint8_t*)kTrampoline)[i] = trampoline[i];
  enable_apic();
  write_msr(0x830, (uint64_t)1 << 32 | 0x4500);                      // INIT to APIC 1
  write_msr(0x830, (uint64_t)1 << 32 | 0x4600 | kTrampoline >> 12);  // SIPI
  while (*(volatile uint16_t*)kMark != 0x1234) {
  }
  print("two CPUs\n");
  reset();
}
