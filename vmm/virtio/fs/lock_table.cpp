// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/lock_table.h"

#include "vmm/fuse/wire.h"

namespace caisson::vmm::fs {

using fuse::refuse;

LockTable::Entry* LockTable::find(const Node& node, uint64_t owner) {
  const auto found = entries_.find({node.id, owner});
  return found == entries_.end() ? nullptr : &found->second;
}

Result<void> LockTable::check_room() const {
  if (entries_.size() >= most_) {
    return refuse(ENOLCK);
  }
  return {};
}

LockTable::Entry& LockTable::add(const Node& node, uint64_t owner, UniqueFd fd) {
  Entry& entry = entries_[{node.id, owner}];
  entry.fd = std::move(fd);
  return entry;
}

void LockTable::remove(const Node& node, uint64_t owner) {
  entries_.erase({node.id, owner});
}

void LockTable::remove_all(const Node& node) {
  const auto first = entries_.lower_bound({node.id, 0});
  auto last = first;
  while (last != entries_.end() && last->first.node == node.id) {
    ++last;
  }
  entries_.erase(first, last);
}

uint32_t LockTable::other_process(const Node& node, uint64_t owner) const {
  for (auto next = entries_.lower_bound({node.id, 0}); next != entries_.end() && next->first.node == node.id;
       ++next) {
    if (next->first.owner != owner) {
      return next->second.process;
    }
  }
  return 0;
}

}  // namespace caisson::vmm::fs
