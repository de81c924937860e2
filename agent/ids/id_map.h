// SPDX-License-Identifier: Apache-2.0
// Ids of a container as the guest counts them: through the mappings of its user namespace, if it has one of
// its own.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {

// Whether the container gets a namespace of the kind (CLONE_NEW*) of its own.
[[nodiscard]] bool makes_namespace(const v1::CreateContainerRequest& request, uint64_t kind);

// None if the id has no mapping. The process that takes the id then gets the error.
[[nodiscard]] std::optional<uint32_t> uid_in_guest(const v1::CreateContainerRequest& request, uint32_t uid);
[[nodiscard]] std::optional<uint32_t> gid_in_guest(const v1::CreateContainerRequest& request, uint32_t gid);

}  // namespace caisson::agent
