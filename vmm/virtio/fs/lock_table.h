// SPDX-License-Identifier: Apache-2.0
// The guest's POSIX record locks on files of shared exports, which the host's processes and other guests
// respect: each owner in the guest (a process, to its kernel) has an open file description of its own on the
// host, whose OFD locks are that owner's. One thread. flock(2) needs no table: such locks belong to the open
// file, and so to its handle.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/fs/node_table.h"

namespace caisson::vmm::fs {

class LockTable {
 public:
  struct Entry {
    UniqueFd fd;
    uint32_t process = 0;  // the guest's number of it, by the guest's kernel; for GETLK
  };

  // LIMIT: `most` descriptors; beyond it a lock is refused with ENOLCK.
  explicit LockTable(size_t most) : most_(most) {}

  // The owner's entry, or null.
  [[nodiscard]] Entry* find(const Node& node, uint64_t owner);
  [[nodiscard]] Result<void> check_room() const;
  Entry& add(const Node& node, uint64_t owner, UniqueFd fd);
  // Lets go of all locks of the owner in the file.
  void remove(const Node& node, uint64_t owner);
  // Lets go of all locks of all owners: the guest has the file open no longer.
  void remove_all(const Node& node);
  void clear() { entries_.clear(); }

  // The process of an owner other than `owner` who has locked something in the file; 0 when there is none.
  [[nodiscard]] uint32_t other_process(const Node& node, uint64_t owner) const;
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  struct Key {
    uint64_t node;
    uint64_t owner;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 reads <=> 0
  };
  size_t most_;
  std::map<Key, Entry> entries_;
};

}  // namespace caisson::vmm::fs
