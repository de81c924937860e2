// SPDX-License-Identifier: Apache-2.0
// The network namespace of the host that a container's machine joins. Used by create.
#pragma once

#include "common/result.h"
#include "common/unique_fd.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

// The namespace that linux.namespaces names, or none for a new, empty one. EINVAL if the container would have
// the host's own network, unless CAISSON_HOST_NETWORK gives it loopback alone.
Result<UniqueFd> open_network_namespace(const oci::Config& config);

}  // namespace caisson::runtime
