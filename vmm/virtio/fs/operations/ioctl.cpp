// SPDX-License-Identifier: Apache-2.0
// IOCTL: the flags of inodes (chattr, lsattr), and nothing else. The guest's kernel has checked that the
// caller owns the file, and for the immutable and append-only flags its CAP_LINUX_IMMUTABLE; those two change
// what the host's own root may do with the file, and we hold no capability for them either.
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

// What a container may set: advice on how the file's bytes are kept, and when its times are.
constexpr uint32_t kSettable = FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL | FS_COMPR_FL |
                               FS_NOCOMP_FL | FS_NOCOW_FL | FS_SECRM_FL | FS_UNRM_FL | FS_TOPDIR_FL |
                               FS_NOTAIL_FL;
constexpr uint32_t kProtecting = FS_IMMUTABLE_FL | FS_APPEND_FL;
constexpr uint32_t kSettableExtended = FS_XFLAG_NODUMP | FS_XFLAG_NOATIME | FS_XFLAG_SYNC;
constexpr uint32_t kProtectingExtended = FS_XFLAG_IMMUTABLE | FS_XFLAG_APPEND;

Result<void> check_change(uint32_t changed, uint32_t settable, uint32_t protecting) {
  if ((changed & protecting) != 0) {
    return refuse(EPERM);
  }
  return (changed & ~settable) != 0 ? Result<void>(refuse(EOPNOTSUPP)) : Result<void>();
}

// One call of the host's; `argument` is what it reads or fills in. A file system without flags says ENOTTY.
template <typename T>
Result<T> control(int fd, unsigned long command, T argument) {
  if (::ioctl(fd, command, &argument) != 0) {
    return refuse_errno();
  }
  return argument;
}

template <typename T>
Result<void> answer(const T& value, Call& call) {
  TRY(call.out.put(fuse_ioctl_out{}));
  return call.out.put(value);
}

Result<void> set_flags(int fd, uint32_t wanted) {
  // The kernel moves an int, whatever the command's size says.
  const auto present = TRY(control<uint32_t>(fd, FS_IOC_GETFLAGS, 0));
  TRY(check_change(present ^ wanted, kSettable, kProtecting));
  TRY(control(fd, FS_IOC_SETFLAGS, wanted));
  return {};
}

// Extent sizes and project numbers are the host's affair.
Result<void> set_extended(int fd, const fsxattr& wanted) {
  const auto present = TRY(control<fsxattr>(fd, FS_IOC_FSGETXATTR, {}));
  TRY(check_change(present.fsx_xflags ^ wanted.fsx_xflags, kSettableExtended, kProtectingExtended));
  if (present.fsx_projid != wanted.fsx_projid || present.fsx_extsize != wanted.fsx_extsize ||
      present.fsx_cowextsize != wanted.fsx_cowextsize) {
    return refuse(EOPNOTSUPP);
  }
  TRY(control(fd, FS_IOC_FSSETXATTR, wanted));
  return {};
}

}  // namespace

// [fuse] The command is the one a 64-bit program uses; the kernel has translated those of others. What we do
// not know is ENOTTY, as of any file that has no such control.
Result<void> Server::ioctl(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_ioctl_in>());
  const bool is_directory = (arguments.flags & FUSE_IOCTL_DIR) != 0;
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid,
                                           is_directory ? HandleKind::directory : HandleKind::file));
  if (!handle->fd) {
    return refuse(ENOTTY);
  }
  const int fd = handle->fd.get();
  switch (arguments.cmd) {
    case FS_IOC_GETFLAGS:
      return answer(TRY(control<uint32_t>(fd, FS_IOC_GETFLAGS, 0)), call);
    case FS_IOC_FSGETXATTR:
      return answer(TRY(control<fsxattr>(fd, FS_IOC_FSGETXATTR, {})), call);
    case FS_IOC_SETFLAGS:
      TRY(check_writable(*handle->node));
      TRY(set_flags(fd, TRY(call.in.take<uint32_t>())));
      return call.out.put(fuse_ioctl_out{});
    case FS_IOC_FSSETXATTR:
      TRY(check_writable(*handle->node));
      TRY(set_extended(fd, TRY(call.in.take<fsxattr>())));
      return call.out.put(fuse_ioctl_out{});
    default:
      return refuse(ENOTTY);
  }
}

}  // namespace caisson::vmm::fs
