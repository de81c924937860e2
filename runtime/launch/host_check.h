// SPDX-License-Identifier: Apache-2.0
// Whether this host can run containers, and how: the findings, and what follows from them. Used by check.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace caisson::runtime {

struct Finding {
  enum class Mark { good, note, bad };
  Mark mark;
  std::string subject;
  std::string text;
};

struct HostAbilities {
  bool has_files = false;  // of the sandbox, installed
  bool has_memory = false;
  bool runs_kvm = false;  // its KVM runs Linux
  bool has_qemu = false;

  // Whether it can run containers, even if slowly.
  [[nodiscard]] bool run_containers() const { return has_files && has_memory && (runs_kvm || has_qemu); }
};

// Reports each finding as it is made.
HostAbilities examine_host(const std::function<void(const Finding&)>& tell);

// The conclusion for the operator, in one or two lines.
[[nodiscard]] std::string conclusion_of(const HostAbilities& host);

// The finding about the host's memory, from its size and its free part in bytes.
[[nodiscard]] Finding memory_finding(uint64_t total, uint64_t available);
// The program by that name in the directories of `path`, a value of PATH; empty where there is none.
[[nodiscard]] std::string find_program(const std::string& name, std::string path);

}  // namespace caisson::runtime
