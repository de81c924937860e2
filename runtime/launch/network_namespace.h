// SPDX-License-Identifier: Apache-2.0
// The network namespace of the host that a container's machine joins. Used by create.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

// The one that linux.namespaces names; none where a new, empty one is wanted. EINVAL where the container
// would have the host's own network, unless CAISSON_HOST_NETWORK has it live with loopback alone.
Result<UniqueFd> open_network_namespace(const oci::Config& config);

}  // namespace caisson::runtime
