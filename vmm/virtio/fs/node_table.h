// SPDX-License-Identifier: Apache-2.0
// The files the guest's kernel has looked up and not forgotten, each with its descriptor or the way back to
// one (node_descriptors.h). Where that fails the answer is ESTALE, upon which the guest's kernel looks the
// path up anew. One thread; holds no guest addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "common/result.h"
#include "vmm/virtio/fs/node.h"
#include "vmm/virtio/fs/node_descriptors.h"

namespace caisson::vmm::fs {

class NodeTable {
 public:
  struct Bounds {
    size_t nodes = 0;
    NodeDescriptors::Bounds descriptors;
  };

  explicit NodeTable(Bounds bounds);
  void set_max_nodes(size_t nodes) { max_nodes_ = nodes; }

  // Drops everything, and starts with the synthetic root (FUSE_ROOT_ID). Nothing is pinned.
  void clear();
  // The permanent node of an export, a child of the synthetic root.
  Result<void> add_root(const Export& root);

  // A node the guest's kernel holds, or none.
  [[nodiscard]] NodePin find(uint64_t id);
  // The node that has this identity within `from`, or none.
  [[nodiscard]] NodePin find(const Export* from, const Identity& identity);

  // Counts one more lookup of the file at (`parent`, `name`) that `stat` describes, with its descriptor if
  // there is one.
  Result<NodePin> remember(const NodePin& parent, std::string_view name, const struct statx& stat,
                           UniqueFd fd = {});
  // Counts one more lookup of a file that has no name (O_TMPFILE).
  Result<NodePin> remember_nameless(const NodePin& directory, const struct statx& stat, UniqueFd fd);
  // Takes `count` lookups back, at most as many as there are.
  static void forget(NodePin node, uint64_t count);

  // Whether the guest has a handle of the node `id`.
  [[nodiscard]] bool is_open(uint64_t id) const;
  void add_handle(const NodePin& node);
  void remove_handle(const NodePin& node);

  // An O_PATH descriptor of the node, valid until trim(). ESTALE if another file is now in its place.
  Result<int> descriptor(Node& node) { return descriptors_.of(node); }
  Result<struct statx> stat(Node& node) { return descriptors_.stat(node); }

  // The guest gave the node a (new) name.
  void moved(const NodePin& node, const NodePin& parent, std::string_view name);
  // The guest took the name away: keeps the descriptor for as long as the guest has a reference.
  // The caller has called descriptor() before the name went.
  void unnamed(const NodePin& node, const NodePin& parent, std::string_view name);

  // Closes descriptors beyond the bounds. Called once a request is done: no int from descriptor() is in use.
  void trim() { descriptors_.trim(); }

  [[nodiscard]] size_t size() const { return nodes_.size(); }
  [[nodiscard]] size_t cached_descriptors() const { return descriptors_.cached(); }

 private:
  friend class NodePin;
  struct Key {
    const Export* from;
    Identity identity;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };

  Result<NodePin> create(const Export* from, const struct statx& stat);
  // Looks at a mount point within an export before its node is shown for the first time.
  Result<void> enter_mount(Node& node, Node& parent, std::string_view name, UniqueFd& fd);
  void unpin(Node& node);
  void locate(Node& node, Node& parent, std::string_view name);
  void dislocate(Node& node);
  void collect(Node* node);

  size_t max_nodes_;
  NodeDescriptors descriptors_;
  std::unordered_map<uint64_t, std::unique_ptr<Node>> nodes_;
  std::unordered_map<Key, Node*, KeyHash> by_identity_;
  Node* root_ = nullptr;
  uint64_t next_id_ = 0;
};

}  // namespace caisson::vmm::fs
