// SPDX-License-Identifier: Apache-2.0
// Reads QEMU's monitor (QMP): cuts its stream into lines and picks out the events on which caisson-vmm acts.
// QemuMachine feeds it. QEMU may be in the guest's hands: sizes are bounded, and malformed lines are refused.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::vmm {

// Ends QMP's negotiation. May be sent before QEMU's greeting has come: it waits in the socket.
inline constexpr std::string_view kQmpNegotiate = "{\"execute\":\"qmp_capabilities\"}\n";

struct QmpEvent {
  std::string name;    // "SHUTDOWN", "STOP", …
  std::string reason;  // of SHUTDOWN: "guest-reset", "guest-shutdown", "guest-panic", …
};

class QmpReader {
 public:
  // Takes bytes as they come; returns the events they complete. An error reply is an error here too.
  Result<std::vector<QmpEvent>> feed(std::span<const char> bytes);

 private:
  std::string pending_;
};

}  // namespace caisson::vmm
