// SPDX-License-Identifier: Apache-2.0
// INIT, DESTROY and INTERRUPT: what the guest's kernel and we agree on at mount time.
#include <algorithm>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;

namespace {

// What we use of what the kernel may offer; the reasons of the less obvious:
// ATOMIC_O_TRUNC: one request for an open that truncates.
// DONT_MASK: default ACLs decide instead of the umask, and the host's file system knows both.
// CACHE_SYMLINKS: a link's target never changes, on any export; another target is another inode.
// HANDLE_KILLPRIV_V2: set-ID bits and file capabilities fall where the write happens, so the kernel need not
// ask
//   for security.capability before each.
// POSIX_LOCKS, FLOCK_LOCKS: only if there is a shared export, and only for the files of one (kOpenHostLocks).
// ALLOW_IDMAP: who asks is used nowhere but where files are made.
// EXPORT_SUPPORT is left out: it would have us look up "." and "..".
// NO_EXPORT_SUPPORT: who asks for a file handle is told so; it could not be opened again.
constexpr uint64_t kWanted = FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK |
                             FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO |
                             FUSE_PARALLEL_DIROPS | FUSE_POSIX_ACL | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS |
                             FUSE_SUBMOUNTS | FUSE_HANDLE_KILLPRIV_V2 | FUSE_SETXATTR_EXT | FUSE_INIT_EXT |
                             FUSE_ALLOW_IDMAP | FUSE_NO_EXPORT_SUPPORT;

// Reads ahead and delayed writes under way at once; enough to keep one thread busy.
constexpr uint16_t kBackground = 64;

}  // namespace

Result<void> Server::init(Call& call) {
  fuse_init_in offer{};
  // Kernels before INIT_EXT send the first four words only.
  const size_t present = std::min(sizeof(offer), call.in.header().len - sizeof(fuse_in_header));
  const auto bytes = TRY(call.in.take_bytes(present));
  std::memcpy(&offer, bytes.data(), bytes.size());

  fuse_init_out answer{};
  answer.major = FUSE_KERNEL_VERSION;
  answer.minor = FUSE_KERNEL_MINOR_VERSION;
  if (offer.major > FUSE_KERNEL_VERSION) {
    return call.out.put(answer);  // [fuse] the kernel asks again, in the older language
  }
  if (offer.major < FUSE_KERNEL_VERSION || offer.minor < fuse::kOldestMinor) {
    return refuse(EPROTO);
  }
  // A guest that mounts anew has forgotten all it knew.
  reset();
  for (const Export& one : exports_) {
    TRY(nodes_.add_root(one));
  }

  uint64_t offered = offer.flags;
  if ((offer.flags & FUSE_INIT_EXT) != 0) {
    offered |= static_cast<uint64_t>(offer.flags2) << 32;
  }
  uint64_t wanted = kWanted;
  // Where the host may write too, a changed time or size empties the guest's page cache.
  wanted |= all_exclusive_ ? 0 : FUSE_AUTO_INVAL_DATA | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS;
  wanted |= writeback_cache_ ? FUSE_WRITEBACK_CACHE : 0;
  const uint64_t agreed = offered & wanted;
  answer.flags = static_cast<uint32_t>(agreed);
  answer.flags2 = static_cast<uint32_t>(agreed >> 32);
  has_setxattr_ext_ = (agreed & FUSE_SETXATTR_EXT) != 0;
  has_umask_ = (agreed & FUSE_DONT_MASK) != 0;
  is_writeback_agreed_ = (agreed & FUSE_WRITEBACK_CACHE) != 0;
  answer.max_readahead = std::min<uint32_t>(offer.max_readahead, kMaxIoBytes);
  answer.max_background = kBackground;
  answer.congestion_threshold = kBackground * 3 / 4;
  answer.max_write = kMaxIoBytes;
  answer.max_pages = kMaxIoPages;
  answer.time_gran = 1;
  is_initialised_ = true;
  return call.out.put(answer);
}

Result<void> Server::destroy(Call& /*call*/) {
  reset();
  return {};
}

// Only a lock is waited for; every other request is finished before the next is looked at.
Result<void> Server::interrupt(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_interrupt_in>());
  waiters_.interrupt(arguments.unique);
  return {};
}

}  // namespace caisson::vmm::fs
