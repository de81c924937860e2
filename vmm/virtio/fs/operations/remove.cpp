// SPDX-License-Identifier: Apache-2.0
// UNLINK and RMDIR: names go. Files that the guest still refers to stay, and so does what the host has
// mounted.
#include <unistd.h>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

Result<NodePin> Server::hold(const NodePin& parent, const fuse::Name& name) {
  const struct statx stat = TRY(stat_at(TRY(nodes_.descriptor(*parent)), name.c_str()));
  // Something of the host's is mounted here. Its kernel refuses to take the name away only where the mount is
  // in the caller's own namespace; from ours, which has none, it would take the mount away everywhere.
  if (stat.stx_mnt_id != parent->identity.mount) {
    return refuse(EBUSY);
  }
  NodePin node = nodes_.find(parent->from, identity_of(stat));
  if (node) {
    // One that cannot be reached any more is no loss: it was gone before.
    (void)nodes_.descriptor(*node);
  }
  return node;
}

Result<void> Server::remove_name(Call& call, int flags) {
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  const NodePin node = TRY(hold(parent, name));
  if (::unlinkat(TRY(nodes_.descriptor(*parent)), name.c_str(), flags) != 0) {
    return refuse_errno();
  }
  if (node) {
    nodes_.unnamed(node, parent, name.view());
  }
  return {};
}

Result<void> Server::unlink(Call& call) {
  return remove_name(call, 0);
}

Result<void> Server::rmdir(Call& call) {
  return remove_name(call, AT_REMOVEDIR);
}

}  // namespace caisson::vmm::fs
