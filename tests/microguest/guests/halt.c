// SPDX-License-Identifier: Apache-2.0
// Halts for good, interrupts off.
#include "guest.h"

void run(void) {
  print("halting\n");
  for (;;) __asm__ volatile("cli; hlt");
}
