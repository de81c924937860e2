// SPDX-License-Identifier: Apache-2.0
// `linux.resources.unified` sets files of the guest's cgroup v2 by their names. Some of them have fields of
// their own, from which the guest's size and the host's cgroup follow, too.
#pragma once

#include "common/result.h"
#include "runtime/oci/resources.h"

namespace caisson::runtime::oci {

// Sets the fields that memory.max, cpu.max, cpu.weight, cpuset.cpus and cpuset.mems stand for; these win over
// what the fields said [oci] config-linux.md, "Unified". CPUs and memory nodes are the host's, as in the
// fields, and go from `unified`. EINVAL names the key whose value the kernel would not take.
Result<void> follow_unified(Resources& resources);

}  // namespace caisson::runtime::oci
