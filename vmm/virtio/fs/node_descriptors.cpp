// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/node_descriptors.h"

#include <vector>

#include "vmm/fuse/wire.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;

void NodeDescriptors::clear() {
  cached_.clear();
  nameless_.clear();
}

Result<int> NodeDescriptors::of(Node& node) {
  if (node.fd) {
    if (node.keep == Keep::cached) {
      cached_.splice(cached_.end(), cached_, node.place);
    }
    return node.fd.get();
  }
  // Up to the nearest ancestor that still has a descriptor…
  std::vector<Node*> way;
  Node* above = &node;
  while (!above->fd) {
    if (!above->is_named || above->parent == nullptr || way.size() >= kMaxDepth) {
      return refuse(ESTALE);
    }
    way.push_back(above);
    above = above->parent;
  }
  // …and down again, verifying every step. Only the last two descriptors are worth keeping.
  UniqueFd current;
  int directory = above->fd.get();
  for (size_t step = way.size(); step-- > 0;) {
    Node& next = *way[step];
    auto opened = open_path_at(directory, next.name.c_str());
    if (!opened) {
      return refuse(opened.error().code == ENOENT || opened.error().code == ENOTDIR ? ESTALE
                                                                                    : opened.error().code);
    }
    if (!next.is(TRY(stat_at(opened->get(), "")))) {
      return refuse(ESTALE);
    }
    if (step <= 1) {
      give(next, std::move(*opened), next.keep_in_use());
      directory = next.fd.get();
    } else {
      current = std::move(*opened);
      directory = current.get();
    }
  }
  return node.fd.get();
}

Result<struct statx> NodeDescriptors::stat(Node& node) {
  if (node.fd) {
    return stat_at(TRY(of(node)), "");
  }
  if (!node.is_named || node.parent == nullptr) {
    return refuse(ESTALE);
  }
  // Needs no descriptor of its own: a storm of stat() leaves the cache to those who do.
  auto stat = stat_at(TRY(of(*node.parent)), node.name.c_str());
  if (!stat) {
    return refuse(stat.error().code == ENOENT ? ESTALE : stat.error().code);
  }
  if (!node.is(*stat)) {
    return refuse(ESTALE);
  }
  return stat;
}

void NodeDescriptors::give(Node& node, UniqueFd fd, Keep keep) {
  set_keep(node, Keep::none);
  node.fd = std::move(fd);
  set_keep(node, keep);
}

void NodeDescriptors::set_keep(Node& node, Keep keep) {
  if (node.keep == Keep::cached) {
    cached_.erase(node.place);
  } else if (node.keep == Keep::nameless) {
    nameless_.erase(node.place);
  }
  node.keep = keep;
  if (keep == Keep::cached) {
    node.place = cached_.insert(cached_.end(), &node);
  } else if (keep == Keep::nameless) {
    node.place = nameless_.insert(nameless_.end(), &node);
  } else if (keep == Keep::none) {
    node.fd.reset();
  }
}

void NodeDescriptors::trim() {
  while (cached_.size() > bounds_.cached) {
    set_keep(*cached_.front(), Keep::none);
  }
  // LIMIT: a guest that keeps more deleted files than this without opening them loses the oldest.
  for (auto next = nameless_.begin(); nameless_.size() > bounds_.nameless && next != nameless_.end();) {
    Node& node = **next++;
    if (node.handles == 0) {
      set_keep(node, Keep::none);
    }
  }
}

}  // namespace caisson::vmm::fs
