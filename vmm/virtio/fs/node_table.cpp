// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/node_table.h"

#include <algorithm>
#include <cassert>

#include "vmm/fuse/wire.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;

size_t NodeTable::KeyHash::operator()(const Key& key) const {
  uint64_t hash = reinterpret_cast<uintptr_t>(key.from);
  for (const uint64_t part : {key.identity.device, key.identity.inode, key.identity.mount}) {
    // The mixing step of splitmix64: inode numbers are dense, and the guest chooses among them.
    hash += part + 0x9e3779b97f4a7c15U;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    hash ^= hash >> 31;
  }
  return hash;
}

NodeTable::NodeTable(Bounds bounds) : max_nodes_(bounds.nodes), descriptors_(bounds.descriptors) {
  clear();
}

void NodeTable::clear() {
  assert(
      std::none_of(nodes_.begin(), nodes_.end(), [](const auto& entry) { return entry.second->pins > 0; }));
  by_identity_.clear();
  descriptors_.clear();
  nodes_.clear();
  auto node = std::make_unique<Node>();
  node->id = FUSE_ROOT_ID;
  node->type = S_IFDIR;
  node->lookups = 1;
  root_ = node.get();
  nodes_.emplace(root_->id, std::move(node));
  // Identifiers are never used twice while the device lives, so that a stale one names nothing.
  next_id_ = std::max<uint64_t>(next_id_, FUSE_ROOT_ID + 1);
}

Result<NodePin> NodeTable::create(const Export* from, const struct statx& stat) {
  if (nodes_.size() >= max_nodes_) {
    return refuse(ENFILE);
  }
  auto owned = std::make_unique<Node>();
  Node* node = owned.get();
  node->id = next_id_++;
  node->from = from;
  node->identity = identity_of(stat);
  node->birth_time = birth_time_of(stat);
  node->type = stat.stx_mode & S_IFMT;
  nodes_.emplace(node->id, std::move(owned));
  by_identity_[Key{from, node->identity}] = node;
  return NodePin(*this, *node);
}

NodePin::~NodePin() {
  if (node_ != nullptr) {
    table_->unpin(*node_);
  }
}

void NodeTable::unpin(Node& node) {
  assert(node.pins > 0);
  --node.pins;
  collect(&node);
}

Result<void> NodeTable::add_root(const Export& root) {
  const struct statx stat = TRY(stat_at(root.fd.get(), ""));
  UniqueFd fd(::fcntl(root.fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd) {
    return fail_errno("duplicate the descriptor of an export");
  }
  const NodePin node = TRY(create(&root, stat));
  node->is_submount = node->is_directory();
  locate(*node, *root_, root.name);
  descriptors_.give(*node, std::move(fd), Keep::always);
  return {};
}

NodePin NodeTable::find(uint64_t id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end() || (found->second->lookups == 0 && found->second->keep != Keep::always)) {
    return {};
  }
  return {*this, *found->second};
}

NodePin NodeTable::find(const Export* from, const Identity& identity) {
  const auto found = by_identity_.find(Key{from, identity});
  return found == by_identity_.end() ? NodePin() : NodePin(*this, *found->second);
}

// A mount of the host's within the export is a file system of its own for the guest too.
Result<void> NodeTable::enter_mount(Node& node, Node& parent, std::string_view name, UniqueFd& fd) {
  if (!fd) {
    auto opened = open_path_at(TRY(descriptors_.of(parent)), std::string(name).c_str());
    if (opened) {
      fd = std::move(*opened);
    }
  }
  const auto veiled = fd ? is_kernel_interface(fd.get()) : Result<bool>(true);
  node.is_veiled = !veiled || *veiled;
  // A veiled one is not announced: it is but an empty directory, and overlays do not cross announced mounts.
  node.is_submount = node.is_directory() && !node.is_veiled;
  return {};
}

Result<NodePin> NodeTable::remember(const NodePin& parent, std::string_view name, const struct statx& stat,
                                    UniqueFd fd) {
  const Export* from = parent->from;
  NodePin node = find(from, identity_of(stat));
  if (!node || !node->is(stat)) {
    // A node of a reused inode number stays known by its id alone, and answers ESTALE.
    node = TRY(create(from, stat));
    if (node->identity.mount != parent->identity.mount) {
      TRY(enter_mount(*node, *parent, name, fd));
    }
  }
  ++node->lookups;
  if (node->keep != Keep::always) {
    locate(*node, *parent, name);
    if (node->keep == Keep::nameless) {
      descriptors_.set_keep(*node, node->keep_in_use());
    }
    if (fd && !node->fd) {
      descriptors_.give(*node, std::move(fd), node->keep_in_use());
    }
  }
  return node;
}

Result<NodePin> NodeTable::remember_nameless(const NodePin& directory, const struct statx& stat,
                                             UniqueFd fd) {
  NodePin node = TRY(create(directory->from, stat));
  ++node->lookups;
  descriptors_.give(*node, std::move(fd), Keep::nameless);
  return node;
}

void NodeTable::forget(NodePin node, uint64_t count) {
  // The synthetic root is the connection's own: it is there before a lookup and after the last one.
  if (node->from != nullptr) {
    node->lookups -= std::min(node->lookups, count);
  }
}

bool NodeTable::is_open(uint64_t id) const {
  const auto found = nodes_.find(id);
  return found != nodes_.end() && found->second->handles > 0;
}

void NodeTable::add_handle(const NodePin& node) {
  ++node->handles;
  if (node->keep == Keep::cached) {
    descriptors_.set_keep(*node, Keep::open);
  }
}

void NodeTable::remove_handle(const NodePin& node) {
  assert(node->handles > 0);
  --node->handles;
  if (node->handles == 0 && node->keep == Keep::open) {
    descriptors_.set_keep(*node, Keep::cached);
  }
}

// Deletes the node when nothing refers to it, and then its parent likewise; a loop, for chains are long.
void NodeTable::collect(Node* node) {
  while (node != nullptr && node != root_ && node->keep != Keep::always && node->lookups == 0 &&
         node->children == 0 && node->pins == 0) {
    Node* parent = node->parent;
    node->parent = nullptr;
    if (parent != nullptr) {
      --parent->children;
    }
    descriptors_.set_keep(*node, Keep::none);
    const auto found = by_identity_.find(Key{node->from, node->identity});
    if (found != by_identity_.end() && found->second == node) {
      by_identity_.erase(found);
    }
    nodes_.erase(node->id);
    node = parent;
  }
}

void NodeTable::locate(Node& node, Node& parent, std::string_view name) {
  node.is_named = true;
  if (node.name != name) {
    node.name = name;
  }
  if (node.parent == &parent) {
    return;
  }
  Node* old = std::exchange(node.parent, &parent);
  ++parent.children;
  if (old != nullptr) {
    --old->children;
    collect(old);
  }
}

void NodeTable::dislocate(Node& node) {
  node.is_named = false;
  node.name.clear();
  Node* old = std::exchange(node.parent, nullptr);
  if (old != nullptr) {
    --old->children;
    collect(old);
  }
}

void NodeTable::moved(const NodePin& node, const NodePin& parent, std::string_view name) {
  if (node->keep == Keep::always) {
    return;
  }
  locate(*node, *parent, name);
  if (node->keep == Keep::nameless) {
    descriptors_.set_keep(*node, node->keep_in_use());
  }
}

void NodeTable::unnamed(const NodePin& node, const NodePin& parent, std::string_view name) {
  // Another name of a file with several is gone, not the one we would come back by.
  if (node->keep == Keep::always || node->parent != &*parent || node->name != name) {
    return;
  }
  dislocate(*node);
  if (node->fd) {
    descriptors_.set_keep(*node, Keep::nameless);
  }
}

}  // namespace caisson::vmm::fs
