// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/node_table.h"

#include <algorithm>
#include <cassert>
#include <vector>

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

NodeTable::NodeTable(Bounds bounds) : bounds_(bounds) {
  clear();
}

void NodeTable::clear() {
  assert(
      std::none_of(nodes_.begin(), nodes_.end(), [](const auto& entry) { return entry.second->pins > 0; }));
  by_identity_.clear();
  cached_.clear();
  nameless_.clear();
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
  if (nodes_.size() >= bounds_.nodes) {
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
  give(*node, std::move(fd), Keep::always);
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

bool NodeTable::is_same(const Node& node, const struct statx& stat) {
  return node.identity == identity_of(stat) && node.birth_time == birth_time_of(stat) &&
         node.type == (stat.stx_mode & S_IFMT);
}

// A mount of the host's within the export is a file system of its own for the guest too.
Result<void> NodeTable::enter_mount(Node& node, Node& parent, std::string_view name, UniqueFd& fd) {
  if (!fd) {
    auto opened = open_path_at(TRY(descriptor(parent)), std::string(name).c_str());
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
  if (!node || !is_same(*node, stat)) {
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
      set_keep(*node, node->handles > 0 ? Keep::open : Keep::cached);
    }
    if (fd && !node->fd) {
      give(*node, std::move(fd), node->handles > 0 ? Keep::open : Keep::cached);
    }
  }
  return node;
}

Result<NodePin> NodeTable::remember_nameless(const NodePin& directory, const struct statx& stat,
                                             UniqueFd fd) {
  NodePin node = TRY(create(directory->from, stat));
  ++node->lookups;
  give(*node, std::move(fd), Keep::nameless);
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
    set_keep(*node, Keep::open);
  }
}

void NodeTable::remove_handle(const NodePin& node) {
  assert(node->handles > 0);
  --node->handles;
  if (node->handles == 0 && node->keep == Keep::open) {
    set_keep(*node, Keep::cached);
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
    set_keep(*node, Keep::none);
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

void NodeTable::give(Node& node, UniqueFd fd, Keep keep) {
  set_keep(node, Keep::none);
  node.fd = std::move(fd);
  set_keep(node, keep);
}

void NodeTable::set_keep(Node& node, Keep keep) {
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

Result<int> NodeTable::descriptor(Node& node) {
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
    if (!is_same(next, TRY(stat_at(opened->get(), "")))) {
      return refuse(ESTALE);
    }
    if (step <= 1) {
      give(next, std::move(*opened), next.handles > 0 ? Keep::open : Keep::cached);
      directory = next.fd.get();
    } else {
      current = std::move(*opened);
      directory = current.get();
    }
  }
  return node.fd.get();
}

Result<struct statx> NodeTable::stat(Node& node) {
  if (node.fd) {
    return stat_at(TRY(descriptor(node)), "");
  }
  if (!node.is_named || node.parent == nullptr) {
    return refuse(ESTALE);
  }
  // Needs no descriptor of its own: a storm of stat() leaves the cache to those who do.
  auto stat = stat_at(TRY(descriptor(*node.parent)), node.name.c_str());
  if (!stat) {
    return refuse(stat.error().code == ENOENT ? ESTALE : stat.error().code);
  }
  if (!is_same(node, *stat)) {
    return refuse(ESTALE);
  }
  return stat;
}

void NodeTable::moved(const NodePin& node, const NodePin& parent, std::string_view name) {
  if (node->keep == Keep::always) {
    return;
  }
  locate(*node, *parent, name);
  if (node->keep == Keep::nameless) {
    set_keep(*node, node->handles > 0 ? Keep::open : Keep::cached);
  }
}

void NodeTable::unnamed(const NodePin& node, const NodePin& parent, std::string_view name) {
  // Another name of a file with several is gone, not the one we would come back by.
  if (node->keep == Keep::always || node->parent != &*parent || node->name != name) {
    return;
  }
  dislocate(*node);
  if (node->fd) {
    set_keep(*node, Keep::nameless);
  }
}

void NodeTable::trim() {
  while (cached_.size() > bounds_.cached_descriptors) {
    set_keep(*cached_.front(), Keep::none);
  }
  // LIMIT: a guest that keeps more deleted files than this without opening them loses the oldest.
  for (auto next = nameless_.begin();
       nameless_.size() > bounds_.nameless_descriptors && next != nameless_.end();) {
    Node& node = **next++;
    if (node.handles == 0) {
      set_keep(node, Keep::none);
    }
  }
}

}  // namespace caisson::vmm::fs
