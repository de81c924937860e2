// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/handle_table.h"

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

using fuse::refuse;

Result<void> HandleTable::check_room() const {
  if (is_full()) {
    return refuse(ENFILE);
  }
  return {};
}

Result<uint64_t> HandleTable::add(Handle handle) {
  TRY(check_room());
  nodes_->add_handle(handle.node);
  const uint64_t number = next_++;
  handles_.emplace(number, std::move(handle));
  return number;
}

Result<Handle*> HandleTable::find(uint64_t number, uint64_t node_id, HandleKind kind) {
  const auto found = handles_.find(number);
  if (found == handles_.end() || found->second.kind != kind || found->second.node->id != node_id) {
    return refuse(EBADF);
  }
  return &found->second;
}

void HandleTable::remove(uint64_t number) {
  const auto found = handles_.find(number);
  if (found != handles_.end()) {
    nodes_->remove_handle(found->second.node);
    handles_.erase(found);
  }
}

}  // namespace caisson::vmm::fs
