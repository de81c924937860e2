// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/served_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "common/uninterrupted.h"
#include "vmm/fuse/dispatch.h"
#include "vmm/virtio/fs/credentials.h"
#include "vmm/virtio/fs/host_file.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

// Without a position in the guest, never in the page cache, and closed without a word: what close(2) would
// tell, write(2) has.
constexpr uint32_t kOpenFlags = FOPEN_DIRECT_IO | FOPEN_STREAM | FOPEN_NOFLUSH;

// Whoever has the descriptor may open it again (/dev/stdout), as one can a pipe of one's own; what may be
// done with it is the descriptor's, not the mode's.
constexpr uint16_t kShownMode = S_IFREG | 0666;

// What is asked of any file, and is answered as by a file system that has none of it. Never ENOSYS, which the
// guest's kernel would take for all files; the rest is EPERM.
int refusal_of(uint32_t opcode) {
  switch (opcode) {
    case FUSE_IOCTL:
      return ENOTTY;
    case FUSE_LOOKUP:
      return ENOTDIR;
    case FUSE_READLINK:
      return EINVAL;
    case FUSE_GETXATTR:
      return ENODATA;  // so that the mode decides, and no access control list
    case FUSE_FALLOCATE:
    case FUSE_COPY_FILE_RANGE:
    case FUSE_SETXATTR:
    case FUSE_LISTXATTR:
    case FUSE_REMOVEXATTR:
      return EOPNOTSUPP;
    default:
      return EPERM;
  }
}

int count_of(std::span<const iovec> parts) {
  return static_cast<int>(std::min<size_t>(parts.size(), IOV_MAX));
}

template <typename Ask>
Result<size_t> retry(Ask ask) {
  const ssize_t count = uninterrupted(ask);
  return count < 0 ? Result<size_t>(refuse_errno()) : static_cast<size_t>(count);
}

}  // namespace

Result<ServedFile> ServedFile::create(UniqueFd fd) {
  struct stat info {};
  const int flags = fd ? ::fcntl(fd.get(), F_GETFL) : -1;
  if (flags < 0 || (flags & O_PATH) != 0 || ::fstat(fd.get(), &info) < 0 ||
      !(S_ISREG(info.st_mode) || S_ISBLK(info.st_mode))) {
    return fail(EINVAL, "not an open file, which alone never lets a reader or writer wait");
  }
  ServedFile file(std::move(fd));
  const int access = flags & O_ACCMODE;
  file.reads_ = access != O_WRONLY;
  file.writes_ = access != O_RDONLY;
  file.is_regular_ = S_ISREG(info.st_mode);
  file.device_ = info.st_dev;
  file.inode_ = info.st_ino;
  return file;
}

Result<struct statx> ServedFile::shown_stat() const {
  struct statx stat = TRY(stat_at(fd_.get(), ""));
  stat.stx_mode = kShownMode;
  stat.stx_ino = shown_inode_;
  stat.stx_nlink = 1;
  stat.stx_uid = 0;
  stat.stx_gid = 0;
  stat.stx_rdev_major = 0;
  stat.stx_rdev_minor = 0;
  return stat;
}

Result<void> ServedFile::serve(Call& call) {
  struct Entry {
    Result<void> (ServedFile::*run)(Call& call) = nullptr;
  };
  static constexpr auto kTable = [] {
    fuse::OpcodeTable<Entry> table;
    table[FUSE_GETATTR] = {&ServedFile::getattr};
    table[fuse::kOpcodeStatx] = {&ServedFile::getattr_extended};
    table[FUSE_SETATTR] = {&ServedFile::setattr};
    table[FUSE_OPEN] = {&ServedFile::open};
    table[FUSE_READ] = {&ServedFile::read};
    table[FUSE_WRITE] = {&ServedFile::write};
    table[FUSE_LSEEK] = {&ServedFile::seek};
    table[FUSE_FSYNC] = {&ServedFile::fsync};
    table[FUSE_STATFS] = {&ServedFile::statfs};
    return table;
  }();
  const uint32_t opcode = call.in.header().opcode;
  const Entry* operation = kTable.find(opcode);
  return operation == nullptr ? refuse(refusal_of(opcode)) : (this->*operation->run)(call);
}

Result<void> ServedFile::getattr(Call& call) {
  fuse_attr_out answer{};
  answer.attr = fuse::to_attr(TRY(shown_stat()));
  return call.out.put(answer);
}

Result<void> ServedFile::getattr_extended(Call& call) {
  return call.out.put(fuse::to_statx(TRY(shown_stat())));
}

// A size, and nothing else of what chmod(2), chown(2) and utimensat(2) would change.
Result<void> ServedFile::setattr(Call& call) {
  const auto wanted = TRY(call.in.take<fuse_setattr_in>());
  constexpr uint32_t kTaken = FATTR_SIZE | FATTR_FH | FATTR_LOCKOWNER | FATTR_KILL_SUIDGID;
  if ((wanted.valid & ~kTaken) != 0 || (wanted.valid & FATTR_SIZE) == 0) {
    return refuse(EPERM);
  }
  if (!writes_) {
    return refuse(EACCES);
  }
  const WithoutFsetid drop((wanted.valid & FATTR_KILL_SUIDGID) != 0);
  TRY(retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(wanted.size)); }));
  return getattr(call);
}

// Another opening is the same description once more: it goes on where the others are. One that truncates
// begins anew, or what follows would lie behind a hole.
Result<void> ServedFile::open(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_open_in>());
  const uint32_t access = arguments.flags & O_ACCMODE;
  const bool truncates = (arguments.flags & O_TRUNC) != 0;
  if ((access != O_WRONLY && !reads_) || (access != O_RDONLY && !writes_) || access == O_ACCMODE ||
      (truncates && !writes_)) {
    return refuse(EACCES);
  }
  if (truncates) {
    const WithoutFsetid drop((arguments.open_flags & FUSE_OPEN_KILL_SUIDGID) != 0);
    if (is_regular_) {
      TRY(retry([&] { return ::ftruncate(fd_.get(), 0); }));
    }
    TRY(retry([&] { return ::lseek(fd_.get(), 0, SEEK_SET); }));
  }
  fuse_open_out answer{};
  answer.open_flags = kOpenFlags;
  return call.out.put(answer);
}

// No more than the process asks for: what follows is for whoever reads the descriptor next, here or on the
// host. What the guest's page cache would read ahead is nobody's wish.
Result<void> ServedFile::read(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_read_in>());
  // [fuse] FUSE_READ_LOCKOWNER: there is a process that reads; of pages there is not.
  if ((arguments.read_flags & FUSE_READ_LOCKOWNER) == 0) {
    return refuse(EIO);
  }
  // LIMIT: as much as was agreed on; asking for more gets less.
  const auto parts = call.window(std::min<uint64_t>({arguments.size, call.out.room(), kMaxIoBytes}));
  call.out.wrote(TRY(retry([&] { return ::preadv2(fd_.get(), parts.data(), count_of(parts), -1, 0); })));
  return {};
}

Result<void> ServedFile::write(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_write_in>());
  if ((arguments.write_flags & FUSE_WRITE_CACHE) != 0) {
    return refuse(EIO);
  }
  if (arguments.size > call.in.payload_bytes() || arguments.size > kMaxIoBytes) {
    return refuse(EINVAL);
  }
  const auto parts = call.payload(0, arguments.size);
  const WithoutFsetid drop((arguments.write_flags & FUSE_WRITE_KILL_SUIDGID) != 0);
  const size_t written = TRY(retry(
      [&] { return ::pwritev2(fd_.get(), parts.data(), count_of(parts), -1, write_flags(arguments)); }));
  fuse_write_out answer{};
  answer.size = static_cast<uint32_t>(written);
  return call.out.put(answer);
}

// The guest's kernel asks for every lseek(2): the position is the descriptor's.
Result<void> ServedFile::seek(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_lseek_in>());
  if (arguments.whence > SEEK_HOLE) {
    return refuse(EINVAL);
  }
  const off_t position =
      ::lseek(fd_.get(), static_cast<off_t>(arguments.offset), static_cast<int>(arguments.whence));
  if (position < 0) {
    return refuse_errno();
  }
  return call.out.put(fuse_lseek_out{.offset = static_cast<uint64_t>(position)});
}

// Of the synthetic root, where it has its name; how full the host's disk is, is not told.
Result<void> ServedFile::statfs(Call& call) {
  fuse_statfs_out answer{};
  answer.st.bsize = 4096;
  answer.st.frsize = 4096;
  answer.st.namelen = fuse::kMaxName;
  return call.out.put(answer);
}

Result<void> ServedFile::fsync(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_fsync_in>());
  const bool is_data_only = (arguments.fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
  TRY(retry([&] { return is_data_only ? ::fdatasync(fd_.get()) : ::fsync(fd_.get()); }));
  return {};
}

}  // namespace caisson::vmm::fs
