// SPDX-License-Identifier: Apache-2.0
// The names by which host and agent find each other (docs/wire.md).
#pragma once

#include <cstdint>

namespace caisson::agent {

// The service of agent.proto, as ttrpc names it.
inline constexpr const char* kService = "caisson.agent.v1.Agent";

// The tag of the file system device that holds the exports. The agent mounts it.
inline constexpr const char* kExportsTag = "caisson";

inline constexpr uint32_t kRpcPort = 1024;     // guest listens
inline constexpr uint32_t kStreamPort = 1025;  // guest listens
inline constexpr uint32_t kEventPort = 1024;   // host listens

}  // namespace caisson::agent
