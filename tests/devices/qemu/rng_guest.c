// SPDX-License-Identifier: Apache-2.0
// A guest of one page: finds the entropy device on QEMU's microvm, asks it for 16 bytes by a virtqueue,
// prints them in hexadecimal on the first serial port and resets the machine. No kernel, no interrupts.
// Loaded by its PVH note. Partner: tests/devices/qemu/boot_test.cpp.
#include <stdint.h>

enum {
  kTransports = 0xfeb00000,
  kTransportStride = 512,
  kTransportCount = 24,  // QEMU: hw/i386/microvm
  kDeviceIdRng = 4,
  kQueueSize = 8,
  kWantedBytes = 16,
  // [virtio-1.2] 4.2.2
  kDeviceId = 0x008,
  kDriverFeatures = 0x020,
  kDriverFeaturesSel = 0x024,
  kQueueSel = 0x030,
  kQueueNum = 0x038,
  kQueueReady = 0x044,
  kQueueNotify = 0x050,
  kStatus = 0x070,
  kQueueDesc = 0x080,
  kQueueDriver = 0x090,
  kQueueDevice = 0x0a0,
};

static struct {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
} descriptors[kQueueSize] __attribute__((aligned(16)));
static struct { uint16_t flags, index, ring[kQueueSize], event; } available __attribute__((aligned(2)));
static volatile struct {
  uint16_t flags, index;
  struct {
    uint32_t id, length;
  } ring[kQueueSize];
  uint16_t event;
} used __attribute__((aligned(4)));
static volatile uint8_t entropy[kWantedBytes];

static void print(const char* text) {
  for (; *text != 0; ++text) __asm__ volatile("outb %b0, %w1" : : "a"(*text), "d"(0x3f8));
}

static void print_hex(uint8_t byte) {
  const char* digits = "0123456789abcdef";
  const char text[] = {digits[byte >> 4], digits[byte & 15], 0};
  print(text);
}

static volatile uint32_t* reg(uintptr_t transport, uintptr_t offset) {
  return (volatile uint32_t*)(transport + offset);
}

static uintptr_t find_rng(void) {
  for (int i = 0; i < kTransportCount; ++i) {
    const uintptr_t transport = (uintptr_t)kTransports + (uintptr_t)i * kTransportStride;
    if (*reg(transport, kDeviceId) == kDeviceIdRng) return transport;
  }
  return 0;
}

// [virtio-1.2] 3.1.1
static void set_up(uintptr_t transport) {
  *reg(transport, kStatus) = 0;
  *reg(transport, kStatus) = 1 | 2;
  *reg(transport, kDriverFeaturesSel) = 0;
  *reg(transport, kDriverFeatures) = 0;
  *reg(transport, kDriverFeaturesSel) = 1;
  *reg(transport, kDriverFeatures) = 1;  // VIRTIO_F_VERSION_1
  *reg(transport, kStatus) = 1 | 2 | 8;
  *reg(transport, kQueueSel) = 0;
  *reg(transport, kQueueNum) = kQueueSize;
  *reg(transport, kQueueDesc) = (uint32_t)(uintptr_t)descriptors;
  *reg(transport, kQueueDriver) = (uint32_t)(uintptr_t)&available;
  *reg(transport, kQueueDevice) = (uint32_t)(uintptr_t)&used;
  *reg(transport, kQueueReady) = 1;
  *reg(transport, kStatus) = 1 | 2 | 8 | 4;
}

static void reset(void) {
  static const struct {
    uint16_t limit;
    uint32_t base;
  } __attribute__((packed)) no_handlers = {0, 0};
  __asm__ volatile("lidt %0; int3" : : "m"(no_handlers));
}

void run(void) {
  const uintptr_t transport = find_rng();
  if (transport == 0) {
    print("no entropy device\n");
    reset();
  }
  set_up(transport);
  descriptors[0].address = (uint32_t)(uintptr_t)entropy;
  descriptors[0].length = kWantedBytes;
  descriptors[0].flags = 2;  // device writes
  available.ring[0] = 0;
  __asm__ volatile("" : : : "memory");
  available.index = 1;
  *reg(transport, kQueueNotify) = 0;
  while (used.index == 0) {
  }
  print("entropy ");
  for (int i = 0; i < kWantedBytes; ++i) print_hex(entropy[i]);
  print("\n");
  reset();
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  movl $stack_top, %esp\n"
    "  call run\n"
    "  .bss\n"
    "  .skip 4096\n"
    "stack_top:\n"
    "  .section .note.pvh, \"a\"\n"
    "  .align 4\n"
    "  .long 4, 4, 18\n"  // name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    "  .asciz \"Xen\"\n"
    "  .long _start\n"
    "  .text\n");
