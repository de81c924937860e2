// SPDX-License-Identifier: Apache-2.0
// The files and directories the guest has open: number → host descriptor. Numbers are never reused while the
// device lives, so a stale number is EBADF and never another file. One thread.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/fs/node_table.h"

namespace caisson::vmm::fs {

enum class HandleKind { file, directory };

struct Handle {
  HandleKind kind = HandleKind::file;
  NodePin node;
  UniqueFd fd;  // none for the synthetic root and veiled directories
};

class HandleTable {
 public:
  HandleTable(NodeTable& nodes, size_t most) : nodes_(&nodes), most_(most) {}

  // ENFILE when the guest has too many files open; asked before anything is opened or made.
  [[nodiscard]] Result<void> check_room() const;
  [[nodiscard]] bool is_full() const { return handles_.size() >= most_; }
  Result<uint64_t> add(Handle handle);
  // EBADF unless `number` is an open `kind` of the node `node_id`.
  [[nodiscard]] Result<Handle*> find(uint64_t number, uint64_t node_id, HandleKind kind);
  void remove(uint64_t number);
  // Forgets all; only together with NodeTable::clear().
  void clear() { handles_.clear(); }

  [[nodiscard]] size_t size() const { return handles_.size(); }

 private:
  NodeTable* nodes_;
  size_t most_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, Handle> handles_;
};

}  // namespace caisson::vmm::fs
