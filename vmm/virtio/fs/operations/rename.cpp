// SPDX-License-Identifier: Apache-2.0
// RENAME and RENAME2: a name becomes another one, and may take that one's place or change places with it.
#include <linux/fs.h>
#include <stdio.h>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

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
