// SPDX-License-Identifier: Apache-2.0
// Drives the fake device (tests/support/virtio/fake_device.h) over virtio-mmio, with interrupts through the
// IOAPIC, as often as the test wants: each round sends one byte and gets it back plus one.
#include "guest.h"

enum {
  kDevice = 0xd0000000,
  kIoApic = 0xfec00000,
  kPin = 5,
  kVector = 0x50,
  kQueueSize = 16,
  kRounds = 100,
  // [virtio-1.2] 4.2.2
  kMagic = 0x000,
  kVersion = 0x004,
  kDeviceId = 0x008,
  kDeviceFeatures = 0x010,
  kDeviceFeaturesSel = 0x014,
  kDriverFeatures = 0x020,
  kDriverFeaturesSel = 0x024,
  kQueueSel = 0x030,
  kQueueNumMax = 0x034,
  kQueueNum = 0x038,
  kQueueReady = 0x044,
  kQueueNotify = 0x050,
  kInterruptStatus = 0x060,
  kInterruptAck = 0x064,
  kStatus = 0x070,
  kQueueDesc = 0x080,
  kQueueDriver = 0x090,
  kQueueDevice = 0x0a0,
  kConfig = 0x100,
};

static struct {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
} descriptors[kQueueSize] __attribute__((aligned(16)));
static volatile struct {
  uint16_t flags, index, ring[kQueueSize], event;
} available __attribute__((aligned(2)));
static volatile struct {
  uint16_t flags, index;
  struct {
    uint32_t id, length;
  } ring[kQueueSize];
  uint16_t event;
} used __attribute__((aligned(4)));
static volatile uint8_t sent, received;
static volatile int interrupts;

static volatile uint32_t* reg(uint64_t offset) {
  return reg32((uint64_t)(uint32_t)kDevice + offset);
}

__attribute__((interrupt)) static void on_interrupt(struct interrupt_frame* frame) {
  if ((*reg(kInterruptStatus) & 1) != 0) ++interrupts;
  *reg(kInterruptAck) = 1;
  leave_halt(frame);
  end_of_interrupt();
}

static void connect_interrupt(void) {
  enable_apic();
  set_handler(kVector, (void*)on_interrupt);
  *reg32((uint32_t)kIoApic) = 0x10 + 2 * kPin;  // [sdm]: low word of the pin's entry: edge, fixed, this CPU
  *reg32((uint32_t)kIoApic + 0x10) = kVector;
  *reg32((uint32_t)kIoApic) = 0x11 + 2 * kPin;
  *reg32((uint32_t)kIoApic + 0x10) = 0;
}

static void set_up(void) {
  if (*reg(kMagic) != 0x74726976 || *reg(kVersion) != 2 || *reg(kDeviceId) != 3) fail("identity");
  *reg(kStatus) = 0;
  if (*reg(kStatus) != 0) fail("reset");
  *reg(kStatus) = 1;
  *reg(kStatus) = 1 | 2;
  *reg(kDeviceFeaturesSel) = 0;
  if ((*reg(kDeviceFeatures) & 5) != 5) fail("low features");
  *reg(kDeviceFeaturesSel) = 1;
  if ((*reg(kDeviceFeatures) & 1) != 1) fail("high features");
  *reg(kDriverFeaturesSel) = 0;
  *reg(kDriverFeatures) = 1;
  *reg(kDriverFeaturesSel) = 1;
  *reg(kDriverFeatures) = 1;
  *reg(kStatus) = 1 | 2 | 8;
  if (*reg(kStatus) != (1 | 2 | 8)) fail("features");
  *reg(kQueueSel) = 1;
  if (*reg(kQueueNumMax) != 64) fail("size of queue 1");
  *reg(kQueueSel) = 0;
  if (*reg(kQueueNumMax) != 16 || *reg(kQueueReady) != 0) fail("size of queue 0");
  *reg(kQueueNum) = kQueueSize;
  *reg(kQueueDesc) = (uint32_t)(uint64_t)descriptors;
  *reg(kQueueDriver) = (uint32_t)(uint64_t)&available;
  *reg(kQueueDevice) = (uint32_t)(uint64_t)&used;
  *reg(kQueueReady) = 1;
  if (*reg(kQueueReady) != 1) fail("queue");
  *reg(kStatus) = 1 | 2 | 8 | 4;
  if (*reg(kStatus) != 15) fail("start");
}

void run(void) {
  map_devices();
  connect_interrupt();
  set_up();
  print("config ");
  for (int i = 0; i < 10; ++i) out8(0x3f8, ((volatile uint8_t*)reg(kConfig))[i]);
  print("\nset up\n");
  for (int round = 1; round <= kRounds; ++round) {
    sent = (uint8_t)round;
    descriptors[0].address = (uint64_t)&sent;
    descriptors[0].length = 1;
    descriptors[0].flags = 1;
    descriptors[0].next = 1;
    descriptors[1].address = (uint64_t)&received;
    descriptors[1].length = 1;
    descriptors[1].flags = 2;
    available.ring[(round - 1) % kQueueSize] = 0;
    __asm__ volatile("" : : : "memory");
    available.index = (uint16_t)round;
    *reg(kQueueNotify) = 0;
    for (;;) {
      __asm__ volatile("cli");
      if (interrupts >= round) break;
      wait_for_interrupt();
    }
    if (used.index != (uint16_t)round || received != (uint8_t)(round + 1)) fail("answer");
  }
  print("rounds done\n");
  reset();
}
