// SPDX-License-Identifier: Apache-2.0
// The bounded set of O_PATH descriptors of nodes: which stay open, which may be closed, and how a node
// without one is found again, by (parent, name), and verified by identity. Part of the node table, which has
// the nodes; deletes none of them.
#pragma once

#include <list>

#include "common/result.h"
#include "vmm/virtio/fs/node.h"

namespace caisson::vmm::fs {

class NodeDescriptors {
 public:
  // How many may be open when a request is done.
  struct Bounds {
    size_t cached = 0;
    size_t nameless = 0;
  };

  explicit NodeDescriptors(Bounds bounds) : bounds_(bounds) {}

  // Forgets all: the nodes are gone, or go next.
  void clear();

  // An O_PATH descriptor of the node, valid until trim(). ESTALE if another file is now in its place.
  Result<int> of(Node& node);
  Result<struct statx> stat(Node& node);

  void give(Node& node, UniqueFd fd, Keep keep);
  // Keep::none closes it.
  void set_keep(Node& node, Keep keep);
  // Closes descriptors beyond the bounds.
  void trim();

  [[nodiscard]] size_t cached() const { return cached_.size(); }

 private:
  Bounds bounds_;
  std::list<Node*> cached_;    // least recently used first
  std::list<Node*> nameless_;  // oldest first
};

}  // namespace caisson::vmm::fs
