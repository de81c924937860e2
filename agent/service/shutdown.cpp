// SPDX-License-Identifier: Apache-2.0
// Shutdown: flush, then reset the machine, which ends it. Outside of a guest it only ends the program.
#include <sys/reboot.h>
#include <unistd.h>

#include "agent/service/calls.h"

namespace caisson::agent {

void shutdown(Agent& agent, const v1::ShutdownRequest&, ttrpc::Responder) {
  ::sync();
  if (agent.options().is_guest_init) {
    ::reboot(RB_AUTOBOOT);
  }
  agent.loop().stop();
}

}  // namespace caisson::agent
