// SPDX-License-Identifier: Apache-2.0
// The first 16 bytes the host sends on a connection to the agent's stream port (protocol/agent/agent.proto,
// "Ports"). Partners: runtime/relay and vmm/sandbox on the host, agent/io in the guest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace caisson::agent {

// Host listens, one port for each of its Unix sockets that is mounted: Mount.host_socket_port.
inline constexpr uint32_t kFirstSocketPort = 2048;

enum class StreamKind : uint8_t {
  standard_input = 0,
  standard_output = 1,
  standard_error = 2,
  terminal = 3,
  preserved = 4
};

// LIMIT: descriptors a process inherits beside its stdio; each waits for its stream, and the agent holds few
// of those.
inline constexpr size_t kMostPreserved = 32;
// LIMIT: their highest number. Descriptors that the child needs for its set-up are moved above it.
inline constexpr int kHighestPreserved = 511;

struct StreamHello {
  static constexpr uint32_t kMagic = 0x31534143;  // "CAS1", little-endian like every field
  uint32_t magic = kMagic;
  StreamKind kind = StreamKind::standard_input;
  uint8_t reserved = 0;     // zero
  uint16_t descriptor = 0;  // of kind preserved: PreservedDescriptor.number; else zero
  uint64_t process = 0;     // CreateContainerRequest.process or CreateProcessRequest.token
};
static_assert(sizeof(StreamHello) == 16);

}  // namespace caisson::agent
