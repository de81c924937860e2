// SPDX-License-Identifier: Apache-2.0
// GETATTR, SETATTR, READLINK and STATFS: what a file is, apart from its contents.
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

Result<void> Server::getattr(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_getattr_in>());
  const NodePin node = TRY(node_of(call));
  if ((arguments.getattr_flags & FUSE_GETATTR_FH) != 0 && node->is_regular()) {
    const Handle* handle = TRY(handles_.find(arguments.fh, node->id, HandleKind::file));
    return put_attr(*node, TRY(stat_at(handle->fd.get(), "")), call);
  }
  return put_attr(*node, TRY(stat_of(*node)), call);
}

namespace {

// [fuse] FATTR_ATIME and FATTR_MTIME carry a time unless their _NOW is set as well.
timespec time_of(uint32_t valid, uint32_t bit, uint32_t now_bit, uint64_t seconds, uint32_t nanoseconds) {
  if ((valid & now_bit) != 0) {
    return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  }
  if ((valid & bit) != 0) {
    return {.tv_sec = static_cast<time_t>(seconds), .tv_nsec = static_cast<long>(nanoseconds)};
  }
  return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
}

Result<void> check_errno(int result) {
  if (result != 0) {
    return refuse_errno();
  }
  return {};
}

}  // namespace

// In the order in which the host's own kernel would: a change of owner drops set-ID bits, so the mode comes
// first only because the guest's kernel never sends both with bits to keep (HANDLE_KILLPRIV_V2).
Result<void> Server::change(Node& node, const fuse_setattr_in& wanted, const Handle* handle) {
  const int fd = handle != nullptr ? handle->fd.get() : TRY(nodes_.descriptor(node));
  const auto own_name = OwnDescriptors::name(fd);
  if ((wanted.valid & FATTR_MODE) != 0) {
    if ((node.type) == S_IFLNK) {
      return refuse(EOPNOTSUPP);
    }
    TRY(check_errno(::fchmodat(own_.directory(), own_name.data(), wanted.mode & 07777U, 0)));
  }
  // A chown() to nobody changes no owner, yet moves the time of change and drops set-ID bits.
  constexpr uint32_t kChanges = FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | FATTR_MTIME;
  if ((wanted.valid & (FATTR_UID | FATTR_GID)) != 0 || (wanted.valid & kChanges) == 0) {
    const uid_t uid = (wanted.valid & FATTR_UID) != 0 ? wanted.uid : UINT32_MAX;
    const gid_t gid = (wanted.valid & FATTR_GID) != 0 ? wanted.gid : UINT32_MAX;
    TRY(check_errno(::fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)));
  }
  if ((wanted.valid & FATTR_SIZE) != 0) {
    if (!node.is_regular()) {
      return refuse(EINVAL);
    }
    const WithoutFsetid drop((wanted.valid & FATTR_KILL_SUIDGID) != 0);
    UniqueFd opened;
    if (handle == nullptr) {
      opened = TRY(open_contents(node, O_WRONLY));
    }
    TRY(check_errno(::ftruncate(handle != nullptr ? fd : opened.get(), static_cast<off_t>(wanted.size))));
  }
  if ((wanted.valid & (FATTR_ATIME | FATTR_MTIME)) != 0) {
    if (wanted.atimensec >= 1'000'000'000 || wanted.mtimensec >= 1'000'000'000) {
      return refuse(EINVAL);  // else they could be UTIME_NOW
    }
    const std::array<timespec, 2> times = {
        time_of(wanted.valid, FATTR_ATIME, FATTR_ATIME_NOW, wanted.atime, wanted.atimensec),
        time_of(wanted.valid, FATTR_MTIME, FATTR_MTIME_NOW, wanted.mtime, wanted.mtimensec)};
    TRY(check_errno(::utimensat(own_.directory(), own_name.data(), times.data(), 0)));
  }
  return {};
}

Result<void> Server::setattr(Call& call) {
  const auto wanted = TRY(call.in.take<fuse_setattr_in>());
  const NodePin node = TRY(node_of(call));
  TRY(check_writable(*node));
  const Handle* handle = nullptr;
  if ((wanted.valid & FATTR_FH) != 0) {
    handle = TRY(handles_.find(wanted.fh, node->id, HandleKind::file));
  }
  TRY(change(*node, wanted, handle));
  return put_attr(*node, handle != nullptr ? TRY(stat_at(handle->fd.get(), "")) : TRY(stat_of(*node)), call);
}

Result<void> Server::readlink(Call& call) {
  const NodePin node = TRY(node_of(call));
  if (node->type != S_IFLNK) {
    return refuse(EINVAL);
  }
  std::array<char, kMaxTarget> target;
  const ssize_t length = ::readlinkat(TRY(nodes_.descriptor(*node)), "", target.data(), target.size());
  if (length < 0) {
    return refuse_errno();
  }
  return call.out.put_bytes(std::as_bytes(std::span(target)).first(static_cast<size_t>(length)));
}

Result<void> Server::statfs(Call& call) {
  const NodePin node = TRY(node_of(call));
  fuse_statfs_out answer{};
  answer.st.bsize = 4096;
  answer.st.frsize = 4096;
  answer.st.namelen = fuse::kMaxName;
  if (node->from != nullptr && !node->is_veiled) {
    struct statvfs stat {};
    if (::fstatvfs(TRY(nodes_.descriptor(*node)), &stat) != 0) {
      return refuse_errno();
    }
    answer.st.blocks = stat.f_blocks;
    answer.st.bfree = stat.f_bfree;
    answer.st.bavail = stat.f_bavail;
    answer.st.files = stat.f_files;
    answer.st.ffree = stat.f_ffree;
    answer.st.bsize = static_cast<uint32_t>(stat.f_bsize);
    answer.st.frsize = static_cast<uint32_t>(stat.f_frsize);
    answer.st.namelen = static_cast<uint32_t>(stat.f_namemax);
  }
  return call.out.put(answer);
}

}  // namespace caisson::vmm::fs
