// SPDX-License-Identifier: Apache-2.0
// A container's cgroup where systemd makes it (--systemd-cgroup): which scope in which slice, and what of its
// limits is a property of that scope. Pure; systemd_manager.h does it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/result.h"
#include "runtime/cgroup/limits.h"

namespace caisson::runtime {

struct ScopeName {
  std::string unit;   // "libpod-abc.scope"
  std::string slice;  // "machine.slice"
};

// From linux.cgroupsPath in runc's form for systemd, "slice:prefix:name"; an empty one is
// "system.slice:caisson:<id>". EINVAL, which names the field, for another form.
Result<ScopeName> scope_name(const std::string& cgroups_path, const std::string& id);

struct ScopeProperty {
  std::string name;
  std::variant<bool, uint64_t, std::string, std::vector<uint8_t>> value;
};

// The limits that systemd knows by a name of its own (org.freedesktop.systemd1). If they were only written to
// the cgroup's files, systemd would overwrite them when it reloads. It leaves other limits alone (throttles).
[[nodiscard]] std::vector<ScopeProperty> scope_properties(const std::vector<CgroupWrite>& writes);

}  // namespace caisson::runtime
