// SPDX-License-Identifier: Apache-2.0
// STATX: GETATTR with the time of birth, for those who ask for that.
#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {
namespace {

StatxTime to_wire(const statx_timestamp& time) {
  return {.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec, .reserved = 0};
}

StatxOut to_wire(const struct statx& stat) {
  StatxOut answer;
  answer.mask = stat.stx_mask & (STATX_BASIC_STATS | STATX_BTIME);
  answer.blksize = stat.stx_blksize;
  answer.nlink = stat.stx_nlink;
  answer.uid = stat.stx_uid;
  answer.gid = stat.stx_gid;
  answer.mode = stat.stx_mode;
  answer.ino = stat.stx_ino;
  answer.size = stat.stx_size;
  answer.blocks = stat.stx_blocks;
  answer.atime = to_wire(stat.stx_atime);
  answer.btime = to_wire(stat.stx_btime);
  answer.ctime = to_wire(stat.stx_ctime);
  answer.mtime = to_wire(stat.stx_mtime);
  answer.rdev_major = stat.stx_rdev_major;
  answer.rdev_minor = stat.stx_rdev_minor;
  return answer;
}

}  // namespace

Result<void> Server::getattr_extended(Request& in, Reply& out) {
  const auto arguments = TRY(in.take<StatxIn>());
  const NodePin node = TRY(node_of(in));
  struct statx stat = {};
  if ((arguments.getattr_flags & FUSE_GETATTR_FH) != 0 && node->is_regular()) {
    stat = TRY(stat_at(TRY(handles_.find(arguments.fh, node->id, HandleKind::file))->fd.get(), ""));
  } else {
    stat = TRY(stat_of(*node));
  }
  StatxOut answer = to_wire(stat);
  answer.attr_valid = static_cast<uint64_t>(cache_time(*node).count());
  return out.put(answer);
}

}  // namespace caisson::vmm::fs
