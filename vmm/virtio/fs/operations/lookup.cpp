// SPDX-License-Identifier: Apache-2.0
// LOOKUP, FORGET and BATCH_FORGET: from names to nodes, and back to nothing.
#include <algorithm>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;

Result<NodePin> Server::lookup_export(std::string_view name) {
  const auto found =
      std::find_if(exports_.begin(), exports_.end(), [&](const Export& one) { return one.name == name; });
  if (found == exports_.end()) {
    return refuse(ENOENT);
  }
  const struct statx stat = TRY(stat_at(found->fd.get(), ""));
  NodePin node = nodes_.find(&*found, identity_of(stat));
  if (!node) {
    return refuse(ESTALE);
  }
  ++node->lookups;
  return node;
}

Result<void> Server::lookup(Call& call) {
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(node_of(call));
  if (parent->from == nullptr) {
    if (const auto file = files_.lookup(name.view())) {
      return call.out.put(TRY(Result<fuse_entry_out>(*file)));
    }
    const NodePin node = TRY(lookup_export(name.view()));
    return call.out.put(entry_of(*node, TRY(stat_of(*node))));
  }
  if (parent->is_veiled) {
    return refuse(ENOENT);
  }
  if (!parent->is_directory()) {
    return refuse(ENOTDIR);
  }
  const auto stat = stat_at(TRY(nodes_.descriptor(*parent)), name.c_str());
  if (!stat) {
    if (stat.error().code == ENOENT && parent->from->exclusive) {
      // [fuse] Node 0 is a name known not to exist; the guest itself may make it at any time.
      fuse_entry_out nothing{};
      nothing.entry_valid = static_cast<uint64_t>(kExclusiveTime.count());
      return call.out.put(nothing);
    }
    return refuse(stat.error().code);
  }
  const NodePin node = TRY(nodes_.remember(parent, name.view(), *stat));
  return call.out.put(entry_of(*node, *stat));
}

Result<void> Server::forget(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_forget_in>());
  NodeTable::forget(TRY(node_of(call)), arguments.nlookup);
  return {};
}

Result<void> Server::batch_forget(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_batch_forget_in>());
  // LIMIT: ends with the request's bytes, whatever `count` says.
  for (uint32_t i = 0; i < arguments.count; ++i) {
    const auto one = TRY(call.in.take<fuse_forget_one>());
    if (NodePin node = nodes_.find(one.nodeid); node) {
      NodeTable::forget(std::move(node), one.nlookup);
    }
  }
  return {};
}

}  // namespace caisson::vmm::fs
