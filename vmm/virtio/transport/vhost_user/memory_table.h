// SPDX-License-Identifier: Apache-2.0
// Guest memory as a vhost-user front end shares it, and the way from the front end's own addresses to guest
// addresses. Made by Server for each SET_MEM_TABLE; everything in it is hostile until create() has checked
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"
#include "vmm/virtio/transport/vhost_user/message.h"

namespace caisson::vmm::vhost_user {

class MemoryTable {
 public:
  static Result<MemoryTable> create(std::vector<SharedRegion> regions);

  [[nodiscard]] const GuestMemory& memory() const { return memory_; }

  // Where the front end's virtual address lies in guest memory [vhost-user] "Memory region description".
  [[nodiscard]] Result<GuestAddress> translate(uint64_t user_address) const;

 private:
  MemoryTable(GuestMemory memory, std::vector<MemoryRegion> regions)
      : memory_(std::move(memory)), regions_(std::move(regions)) {}

  GuestMemory memory_;
  std::vector<MemoryRegion> regions_;
};

}  // namespace caisson::vmm::vhost_user
