// SPDX-License-Identifier: Apache-2.0
// The first 16 bytes the host sends on a connection to the agent's stream port (agent/proto/agent.proto,
// "Ports"). Partners: runtime/sandbox (exec) and vmm/supervisor on the host, agent/io in the guest.
#pragma once

#include <cstdint>

namespace caisson::agent {

inline constexpr uint32_t kRpcPort = 1024;     // guest listens
inline constexpr uint32_t kStreamPort = 1025;  // guest listens
inline constexpr uint32_t kEventPort = 1024;   // host listens

enum class StreamKind : uint8_t { standard_input = 0, standard_output = 1, standard_error = 2, terminal = 3 };

struct StreamHello {
  static constexpr uint32_t kMagic = 0x31534143;  // "CAS1", little-endian like every field
  uint32_t magic = kMagic;
  StreamKind kind = StreamKind::standard_input;
  uint8_t reserved[3] = {};  // zero
  uint64_t process = 0;      // CreateContainerRequest.process or CreateProcessRequest.token
};
static_assert(sizeof(StreamHello) == 16);

}  // namespace caisson::agent
