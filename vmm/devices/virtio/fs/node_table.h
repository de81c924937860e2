// SPDX-License-Identifier: Apache-2.0
// The files the guest's kernel has looked up and not forgotten, and the bounded set of O_PATH descriptors to
// them. A node without a descriptor is found again by (parent, name) and verified by identity; where that
// fails the answer is ESTALE, upon which the guest's kernel looks the path up anew. One thread; holds no
// guest addresses.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/devices/virtio/fs/export.h"
#include "vmm/devices/virtio/fs/host_file.h"

namespace caisson::vmm::fs {

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

  Node* parent = nullptr;  // with `name`: where it was last seen
  std::string name;
  bool is_named = false;

  uint64_t lookups = 0;   // references the guest's kernel holds
  uint32_t children = 0;  // nodes whose `parent` this is
  uint32_t handles = 0;   // open handles

  // Size and modification time when the guest last agreed with the host about the contents (open.cpp).
  uint64_t seen_size = 0;
  int64_t seen_mtime = -1;

  UniqueFd fd;
  Keep keep = Keep::none;
  std::list<Node*>::iterator place;  // in the list of `keep`, for cached and nameless

  [[nodiscard]] bool is_directory() const { return (type & S_IFMT) == S_IFDIR; }
  [[nodiscard]] bool is_regular() const { return (type & S_IFMT) == S_IFREG; }
};

class NodeTable {
 public:
  struct Bounds {
    size_t nodes = 0;
    size_t cached_descriptors = 0;
    size_t nameless_descriptors = 0;
  };

  explicit NodeTable(Bounds bounds);
  void set_max_nodes(size_t nodes) { bounds_.nodes = nodes; }

  // Drops everything, and starts with the synthetic root (FUSE_ROOT_ID).
  void clear();
  // The permanent node of an export, a child of the synthetic root.
  Result<Node*> add_root(const Export& root);

  [[nodiscard]] Node& root() { return *root_; }
  // A node the guest's kernel holds, or null.
  [[nodiscard]] Node* find(uint64_t id);
  // Whoever has this identity within `from`, or null.
  [[nodiscard]] Node* find(const Export* from, const Identity& identity);

  // Counts one more lookup of what `stat` says is at (`parent`, `name`), with its descriptor if there is one.
  Result<Node*> remember(Node& parent, std::string_view name, const struct statx& stat, UniqueFd fd = {});
  // Counts one more lookup of a file that has no name (O_TMPFILE).
  Result<Node*> remember_nameless(Node& directory, const struct statx& stat, UniqueFd fd);
  // Takes `count` lookups back; more than there are count as all.
  void forget(Node& node, uint64_t count);

  void add_handle(Node& node);
  void remove_handle(Node& node);

  // An O_PATH descriptor of the node, good until trim(). ESTALE when another file is now where it was.
  Result<int> descriptor(Node& node);
  Result<struct statx> stat(Node& node);

  // The guest gave the node a (new) name.
  void moved(Node& node, Node& parent, std::string_view name);
  // The guest took the name away: keeps the descriptor for as long as the guest has a reference.
  // The caller has called descriptor() before the name went.
  void unnamed(Node& node, const Node& parent, std::string_view name);

  // Closes descriptors beyond the bounds. Called once a request is done: no int from descriptor() is in use.
  void trim();

  [[nodiscard]] size_t size() const { return nodes_.size(); }
  [[nodiscard]] size_t cached_descriptors() const { return cached_.size(); }

 private:
  struct Key {
    const Export* from;
    Identity identity;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };

  Result<Node*> create(const Export* from, const struct statx& stat);
  void locate(Node& node, Node& parent, std::string_view name);
  void dislocate(Node& node);
  void give(Node& node, UniqueFd fd, Keep keep);
  void set_keep(Node& node, Keep keep);
  void collect(Node* node);
  static bool is_same(const Node& node, const struct statx& stat);

  Bounds bounds_;
  std::unordered_map<uint64_t, std::unique_ptr<Node>> nodes_;
  std::unordered_map<Key, Node*, KeyHash> by_identity_;
  std::list<Node*> cached_;    // least recently used first
  std::list<Node*> nameless_;  // oldest first
  Node* root_ = nullptr;
  uint64_t next_id_ = 0;
};

}  // namespace caisson::vmm::fs
