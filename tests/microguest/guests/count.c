// SPDX-License-Identifier: Apache-2.0
// Counts at 0x50000 without end and without an exit.
#include "guest.h"

void run(void) {
  volatile uint64_t* const counter = (volatile uint64_t*)0x50000;
  print("counting\n");
  for (;;) ++*counter;
}
