// SPDX-License-Identifier: Apache-2.0
// What linux.resources asks of the host: which file of which controller gets which text, for caisson-vmm's
// cgroup. Pure; host_cgroup.cpp writes it. Limits inside the guest are runtime/bundle/guest_resources.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/oci/resources.h"

namespace caisson::runtime {

// What caisson-vmm, and QEMU where it is used, need beside the guest's memory: docs/budgets.md. The cgroup's
// limit is guest memory plus this, so that the host never kills a machine whose guest is within its own.
inline constexpr uint64_t kHostOverheadBytes = 320ULL << 20;

struct CgroupWrite {
  std::string controller;  // v1's name, and the controller that cgroup v2 must have enabled
  std::string file;
  std::string text;
  std::string path;  // JSON path of the field that asks for it
  // A host that has this file gets this text instead of the above: schedulers differ in their files.
  std::string preferred_file = {};
  std::string preferred_text = {};
};

[[nodiscard]] std::vector<CgroupWrite> v1_writes(const oci::Resources& resources,
                                                 uint64_t guest_memory_bytes);
[[nodiscard]] std::vector<CgroupWrite> v2_writes(const oci::Resources& resources,
                                                 uint64_t guest_memory_bytes);

}  // namespace caisson::runtime
