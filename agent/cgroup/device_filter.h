// SPDX-License-Identifier: Apache-2.0
// The device rules of a container as a BPF program on its cgroup: version 2 has no devices controller. The
// later of two rules that match wins, as in version 1.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <vector>

#include "agent/cgroup/cgroup.h"

namespace caisson::agent {

struct DeviceMatch {
  bool allow = false;
  char type = 'a';     // 'a', 'b' or 'c'
  int64_t major = -1;  // -1: any
  int64_t minor = -1;
  uint32_t access = 0;  // of BPF_DEVCG_ACC_*
};

// Instructions that decide as `rules` say; an access that no rule covers is refused.
std::vector<bpf_insn> compile_device_filter(const std::vector<DeviceMatch>& rules);

// Attaches the program, in place of an earlier one.
Result<void> attach_device_filter(const Cgroup& cgroup, const std::vector<DeviceMatch>& rules);

}  // namespace caisson::agent
