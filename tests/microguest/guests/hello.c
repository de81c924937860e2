// SPDX-License-Identifier: Apache-2.0
// Says hello and resets the machine by a triple fault.
#include "guest.h"

void run(void) {
  print("hello\n");
  reset();
}
