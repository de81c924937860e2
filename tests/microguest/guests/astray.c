// SPDX-License-Identifier: Apache-2.0
// Executes where there is no memory: KVM cannot go on.
#include "guest.h"

void run(void) {
  map_devices();
  print("jumping\n");
  __asm__ volatile("mov $0x1234, %%ebx; mov $0xc0000000, %%eax; jmp *%%rax" : : : "rax", "rbx");
}
