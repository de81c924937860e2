// SPDX-License-Identifier: Apache-2.0
// Which kernel parameters a configuration may set: those of a namespace only where that namespace is the
// container's own, as runc and crun have it. Parameters of no namespace are the guest kernel's and belong to
// the container. [oci] config-linux.md "Sysctl"
#pragma once

#include "common/result.h"
#include "runtime/oci/linux.h"

namespace caisson::runtime::oci {

Result<void> check_sysctls(const Linux& config);

}  // namespace caisson::runtime::oci
