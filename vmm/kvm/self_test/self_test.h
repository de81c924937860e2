// SPDX-License-Identifier: Apache-2.0
// Can this host's KVM run Linux? /dev/kvm may open and yet run ring 0 in an interpreter, lose SYSCALL, or let
// timers come late by as long as the host is up. A throw-away guest of a few dozen instructions finds it out.
// No name of a processor or host decides. Behind `hypervisor = auto` and `caisson check`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace caisson::vmm {

struct KvmVerdict {
  struct Finding {
    std::string name;  // "ring 0", "SYSCALL", …
    bool is_good = false;
    std::string detail;  // what was seen; may be empty
  };
  std::vector<Finding> findings;               // in the order tested; ends at the first that is bad
  double million_instructions_per_second = 0;  // of ring 0; 0 when not reached

  [[nodiscard]] bool is_usable() const { return !findings.empty() && findings.back().is_good; }
  // "SYSCALL: …", of the first bad finding; empty when usable.
  [[nodiscard]] std::string reason() const;
};

// Takes a few milliseconds on a good host, and not much longer than `limit` on any other.
KvmVerdict test_kvm(std::chrono::milliseconds limit = std::chrono::seconds(3));

}  // namespace caisson::vmm
