// SPDX-License-Identifier: Apache-2.0
// STATX: GETATTR with the time of birth, for those who ask for that.
#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {
Result<void> Server::getattr_extended(Call& call) {
  const auto arguments = TRY(call.in.take<fuse::StatxIn>());
  const NodePin node = TRY(node_of(call));
  struct statx stat = {};
  if ((arguments.getattr_flags & FUSE_GETATTR_FH) != 0 && node->is_regular()) {
    stat = TRY(stat_at(TRY(handles_.find(arguments.fh, node->id, HandleKind::file))->fd.get(), ""));
  } else {
    stat = TRY(stat_of(*node));
  }
  fuse::StatxOut answer = fuse::to_statx(stat);
  answer.attr_valid = static_cast<uint64_t>(cache_time(*node).count());
  return call.out.put(answer);
}

}  // namespace caisson::vmm::fs
