// SPDX-License-Identifier: Apache-2.0
// What the micro-guests share: they run in ring 0, 64-bit, with nothing below them but KvmMachine. Each is
// one C file with a run(); they speak on the first serial port. Partner: tests/microguest/*_test.cpp.
#pragma once

#include <stdint.h>

static inline void out8(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t in8(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void write_msr(uint32_t index, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}
static inline uint64_t read_msr(uint32_t index) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
  return (uint64_t)high << 32 | low;
}

static inline void print(const char* text) {
  for (; *text != 0; ++text) out8(0x3f8, (uint8_t)*text);
}
static inline void print_hex(uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) out8(0x3f8, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

// A triple fault: no interrupt table, then an exception.
static inline void reset(void) {
  static const struct {
    uint16_t limit;
    uint64_t base;
  } __attribute__((packed)) no_handlers = {0, 0};
  __asm__ volatile("lidt %0; int3" : : "m"(no_handlers));
}

static inline void fail(const char* what) {
  print("FAILED ");
  print(what);
  print("\n");
  reset();
}

// The boot page tables map the first GiB; this maps the fourth, where the devices are.
static uint64_t device_pages[512] __attribute__((aligned(4096)));
static inline void map_devices(void) {
  for (uint64_t i = 0; i < 512; ++i) device_pages[i] = (0xc0000000 + (i << 21)) | 0x83;
  ((volatile uint64_t*)0xa000)[3] = (uint64_t)device_pages | 3;
  __asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax", "memory");
}

static inline volatile uint32_t* reg32(uint64_t address) {
  return (volatile uint32_t*)address;
}

// An interrupt gate; the handler is compiled with attribute interrupt.
static struct {
  uint16_t low, selector, flags, middle;
  uint32_t high, zero;
} gates[256] __attribute__((aligned(16)));
static inline void set_handler(int vector, void* handler) {
  const uint64_t address = (uint64_t)handler;
  gates[vector].low = (uint16_t)address;
  gates[vector].selector = 0x10;
  gates[vector].flags = 0x8e00;
  gates[vector].middle = (uint16_t)(address >> 16);
  gates[vector].high = (uint32_t)(address >> 32);
  struct {
    uint16_t limit;
    uint64_t base;
  } __attribute__((packed)) table = {sizeof(gates) - 1, (uint64_t)gates};
  __asm__ volatile("lidt %0" : : "m"(table));
}

// The local APIC in x2APIC mode [sdm] 11.12, and the PIC, which would pass interrupts on as well, silent.
static inline void enable_apic(void) {
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
  write_msr(0x1b, read_msr(0x1b) | 0xc00);
  write_msr(0x80f, 0x1ff);
}
// Waits, with interrupts off before and on behind it. By [sdm] no interrupt comes between its two
// instructions; QEMU's emulated VMRUN forgets that shadow, though, so that one may come after the check and
// before the halt, for which nothing would come any more. A handler steps over the halt then: leave_halt().
struct interrupt_frame {
  uint64_t rip, cs, rflags, rsp, ss;
};
extern char halt_instruction[];
static inline void wait_for_interrupt(void) {
  __asm__ volatile("call wait" : : : "memory");
}
static inline void leave_halt(struct interrupt_frame* frame) {
  if (frame->rip == (uint64_t)halt_instruction) ++frame->rip;
}
static inline void end_of_interrupt(void) {
  write_msr(0x80b, 0);
}

void run(void);
__asm__(
    ".section .text.start, \"ax\"\n"
    ".globl _start\n"
    "_start:\n"
    "  cld\n"
    "  lea stack_top(%rip), %rsp\n"
    "  call run\n"
    "1: hlt\n"
    "  jmp 1b\n"
    "wait:\n"
    "  sti\n"
    "halt_instruction:\n"
    "  hlt\n"
    "  ret\n"
    "  .bss\n"
    "  .balign 16\n"
    "  .skip 8192\n"
    "stack_top:\n"
    "  .text\n");
