// SPDX-License-Identifier: Apache-2.0
// Can this host's KVM run Linux? /dev/kvm may open and yet run ring 0 in an interpreter, lose SYSCALL, or let
// timers come late by as long as the host is up. Found out by a throw-away guest of a few dozen instructions,
// never by a name. Behind `hypervisor = auto` and `caisson check`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace caisson::vmm {

struct KvmVerdict {
  struct Finding {
    std::string name;  // "ring 0", "SYSCALL", …
    bool is_good = false;
    std::string detail;  // what was seen, where there is something to tell
  };
  std::vector<Finding> findings;               // in the order tested; ends at the first that is bad
  double million_instructions_per_second = 0;  // of ring 0; 0 when not reached

  [[nodiscard]] bool is_usable() const { return !findings.empty() && findings.back().is_good; }
  // "SYSCALL: …", of the first bad finding; empty when usable.
  [[nodiscard]] std::string reason() const;
};

// Takes a few milliseconds where all is well, and no longer than `limit` and a little where not.
KvmVerdict test_kvm(std::chrono::milliseconds limit = std::chrono::seconds(3));

}  // namespace caisson::vmm
