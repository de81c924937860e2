// SPDX-License-Identifier: Apache-2.0
// Exits to user space, counted by reason. Counted on vCPU threads, read on any.
#pragma once

#include <linux/kvm.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "vmm/machine/machine.h"

namespace caisson::vmm {

class ExitCounters {
 public:
  void count(uint32_t kvm_exit_reason) {
    for (size_t i = 0; i + 1 < kNames.size(); ++i) {
      if (kNames[i].reason == kvm_exit_reason) {
        values_[i].fetch_add(1, std::memory_order_relaxed);
        return;
      }
    }
    values_.back().fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] std::vector<Machine::Count> counts() const {
    std::vector<Machine::Count> list;
    for (size_t i = 0; i < kNames.size(); ++i) {
      list.push_back({.name = kNames[i].name, .value = values_[i].load(std::memory_order_relaxed)});
    }
    return list;
  }

 private:
  struct Name {
    uint32_t reason;
    const char* name;
  };
  // The last counter takes exits that have no name here.
  static constexpr std::array kNames = {
      Name{KVM_EXIT_MMIO, "mmio"},
      Name{KVM_EXIT_IO, "io"},
      Name{KVM_EXIT_INTR, "signal"},
      Name{KVM_EXIT_SHUTDOWN, "shutdown"},
      Name{KVM_EXIT_HLT, "hlt"},
      Name{KVM_EXIT_SYSTEM_EVENT, "system_event"},
      Name{KVM_EXIT_INTERNAL_ERROR, "internal_error"},
      Name{UINT32_MAX, "other"},
  };
  std::array<std::atomic<uint64_t>, kNames.size()> values_{};
};

}  // namespace caisson::vmm
