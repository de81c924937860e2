// SPDX-License-Identifier: Apache-2.0
// The table of FUSE operations: what each needs at least, and the function that carries it out. Read by
// Server::dispatch().
#pragma once

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

struct OperationEntry {
  const char* name = nullptr;
  Server::Operation run = nullptr;  // null: ENOSYS, which the guest's kernel remembers
  uint32_t least_in = 0;            // fixed arguments after the header, without names
  uint32_t least_out = 0;           // fixed payload of the answer
  bool has_payload = false;         // what follows least_in is not copied
};

// The entry of a known opcode, null for all others.
[[nodiscard]] const OperationEntry* find_operation(uint32_t opcode);

}  // namespace caisson::vmm::fs
