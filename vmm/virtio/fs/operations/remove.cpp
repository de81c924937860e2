// SPDX-License-Identifier: Apache-2.0
// UNLINK, RMDIR and RENAME: names go, files that the guest still refers to and what the host has mounted
// stay.
#include <linux/fs.h>
#include <stdio.h>
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

Result<void> Server::move(Call& call, uint64_t new_parent, uint32_t flags) {
  const fuse::Name old_name = TRY(call.in.take_name());
  const fuse::Name new_name = TRY(call.in.take_name());
  const NodePin from = TRY(directory(call.in.header().nodeid));
  const NodePin to = TRY(directory(new_parent));
  TRY(check_writable(*from));
  TRY(check_writable(*to));
  if (from->from != to->from) {
    return refuse(EXDEV);
  }
  constexpr auto kFlags = static_cast<uint32_t>(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT);
  if ((flags & ~kFlags) != 0) {
    return refuse(EINVAL);
  }
  const NodePin moving = TRY(hold(from, old_name));
  auto target = hold(to, new_name);
  if (!target && target.error().code == EBUSY) {
    return refuse(EBUSY);
  }
  const NodePin replaced = target ? std::move(*target) : NodePin();
  const int from_fd = TRY(nodes_.descriptor(*from));
  const int to_fd = TRY(nodes_.descriptor(*to));
  if (::renameat2(from_fd, old_name.c_str(), to_fd, new_name.c_str(), flags) != 0) {
    return refuse_errno();
  }
  if (replaced && replaced != moving) {
    if ((flags & RENAME_EXCHANGE) != 0) {
      nodes_.moved(replaced, from, old_name.view());
    } else {
      nodes_.unnamed(replaced, to, new_name.view());
    }
  }
  if (moving) {
    nodes_.moved(moving, to, new_name.view());
  }
  return {};
}

Result<void> Server::rename(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_rename_in>());
  return move(call, arguments.newdir, 0);
}

Result<void> Server::rename2(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_rename2_in>());
  return move(call, arguments.newdir, arguments.flags);
}

}  // namespace caisson::vmm::fs
