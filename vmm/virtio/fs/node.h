// SPDX-License-Identifier: Apache-2.0
// One file the guest's kernel has looked up and not forgotten, and the pin by which an operation holds the
// file. Nodes live in the node table alone. Code that uses a node has it by a pin. Every call of the table
// that may delete nodes takes pins, so that no node in use is deleted.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <list>
#include <string>
#include <utility>

#include "common/unique_fd.h"
#include "vmm/virtio/fs/export.h"
#include "vmm/virtio/fs/host_file.h"

namespace caisson::vmm::fs {

class NodeTable;

// Why a node's descriptor stays open, or may be closed.
enum class Keep {
  none,      // no descriptor
  cached,    // closed when others are used more recently
  open,      // the guest has it open
  nameless,  // its name is gone: closing it loses the file
  always,    // the root of an export
};

struct Node {
  uint64_t id = 0;
  const Export* from = nullptr;  // none for the synthetic root
  Identity identity;
  BirthTime birth_time = 0;
  uint32_t type = 0;         // S_IFMT bits; a file never changes them
  bool is_submount = false;  // announced as a mount of its own
  bool is_veiled = false;    // a kernel interface of the host is mounted here: shown empty, never opened

  Node* parent = nullptr;  // with `name`: where it was last seen. Kept alive by its count of children
  std::string name;
  bool is_named = false;

  uint64_t lookups = 0;   // references the guest's kernel holds
  uint32_t children = 0;  // nodes whose `parent` this is
  uint32_t handles = 0;   // open handles
  uint32_t pins = 0;      // those of the request at hand, and one for each open handle

  // For a directory: ShortCookies::epoch() at the time when the guest was last told to drop its listing.
  uint64_t listing_epoch = 0;

  // The state of the contents when the guest last opened them, if it can tell a change (open.cpp).
  Version seen;

  UniqueFd fd;
  Keep keep = Keep::none;
  std::list<Node*>::iterator place;  // in the list of `keep`, for cached and nameless

  // Whether `stat` is of this very file.
  [[nodiscard]] bool is(const struct statx& stat) const {
    return identity == identity_of(stat) && birth_time == birth_time_of(stat) &&
           type == (stat.stx_mode & S_IFMT);
  }
  // What its descriptor is kept for while it has a name.
  [[nodiscard]] Keep keep_in_use() const { return handles > 0 ? Keep::open : Keep::cached; }
  [[nodiscard]] bool is_directory() const { return (type & S_IFMT) == S_IFDIR; }
  [[nodiscard]] bool is_regular() const { return (type & S_IFMT) == S_IFREG; }
};

// Keeps one node in its table. Only the table makes them; there is no other way to a node.
class NodePin {
 public:
  NodePin() = default;
  NodePin(NodePin&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), node_(std::exchange(other.node_, nullptr)) {}
  NodePin& operator=(NodePin&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(node_, other.node_);
    return *this;
  }
  NodePin(const NodePin&) = delete;
  NodePin& operator=(const NodePin&) = delete;
  ~NodePin();

  explicit operator bool() const { return node_ != nullptr; }
  Node& operator*() const { return *node_; }
  Node* operator->() const { return node_; }
  bool operator==(const NodePin& other) const { return node_ == other.node_; }

 private:
  friend class NodeTable;
  NodePin(NodeTable& table, Node& node) : table_(&table), node_(&node) { ++node.pins; }

  NodeTable* table_ = nullptr;
  Node* node_ = nullptr;
};

}  // namespace caisson::vmm::fs
