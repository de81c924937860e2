// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/served_files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "common/uninterrupted.h"
#include "vmm/virtio/fs/credentials.h"
#include "vmm/virtio/fs/export.h"
#include "vmm/virtio/fs/host_file.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {
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

int count_of(const std::vector<iovec>& parts) {
  return static_cast<int>(std::min<size_t>(parts.size(), IOV_MAX));
}

template <typename Call>
Result<size_t> retry(Call call) {
  const ssize_t count = uninterrupted(call);
  return count < 0 ? Result<size_t>(refuse_errno()) : static_cast<size_t>(count);
}

}  // namespace

Result<void> ServedFiles::add(const std::string& name, UniqueFd fd, Giver giver) {
  TRY(Export::check_name(name));
  const std::string what = "serve file '" + name + "'";
  struct stat info {};
  const int flags = fd ? ::fcntl(fd.get(), F_GETFL) : -1;
  if (flags < 0 || (flags & O_PATH) != 0 || ::fstat(fd.get(), &info) < 0 ||
      !(S_ISREG(info.st_mode) || S_ISBLK(info.st_mode))) {
    return fail(EINVAL, what + ": not an open file, which alone never lets a reader or writer wait");
  }
  const int access = flags & O_ACCMODE;
  const std::scoped_lock lock(mutex_);
  if (files_.size() >= kMaxServedFiles) {
    return fail(EMFILE, what + ": the container has " + std::to_string(kMaxServedFiles) +
                            " files of its callers open; close some in it, or give a pipe");
  }
  if (std::ranges::any_of(files_, [&](const auto& entry) { return entry.second->name == name; })) {
    return fail(EEXIST, what + ": the name is in use");
  }
  const auto file = std::make_shared<File>();
  file->name = name;
  file->fd = std::move(fd);
  file->giver = giver;
  file->reads = access != O_WRONLY;
  file->writes = access != O_RDONLY;
  file->is_regular = S_ISREG(info.st_mode);
  file->device = info.st_dev;
  file->inode = info.st_ino;
  file->shown_inode = shown_inode_of(*file, next_id_);
  files_.emplace(next_id_++, file);
  return {};
}

// Programs compare what they read with what they write (cat, cp): one file shows one number.
uint64_t ServedFiles::shown_inode_of(const File& file, uint64_t id) const {
  const auto same = std::ranges::find_if(files_, [&](const auto& entry) {
    return entry.second->device == file.device && entry.second->inode == file.inode;
  });
  // Small enough for 32-bit programs, and far from what file systems begin with.
  constexpr uint64_t kFirstInode = 0xf000'0000;
  return same == files_.end() ? kFirstInode + (id - kFirstNode) % 0x0fff'ffff : same->second->shown_inode;
}

void ServedFiles::drop_unopened(Giver giver) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(files_, [giver](const auto& entry) {
    return entry.second->giver == giver && !entry.second->was_opened;
  });
}

void ServedFiles::drop_opened() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(files_, [](const auto& entry) { return entry.second->was_opened; });
}

size_t ServedFiles::size() {
  const std::scoped_lock lock(mutex_);
  return files_.size();
}

std::shared_ptr<ServedFiles::File> ServedFiles::find(uint64_t id) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(id);
  return found == files_.end() ? nullptr : found->second;
}

std::optional<Result<fuse_entry_out>> ServedFiles::lookup(std::string_view name) {
  uint64_t id = 0;
  std::shared_ptr<File> file;
  {
    const std::scoped_lock lock(mutex_);
    const auto found =
        std::ranges::find_if(files_, [&](const auto& entry) { return entry.second->name == name; });
    if (found == files_.end()) {
      return std::nullopt;
    }
    id = found->first;
    file = found->second;
  }
  return shown_stat(*file).map([id](const struct statx& stat) {
    // Valid for no time: neither is the name looked up twice, nor would the size stay what it is.
    fuse_entry_out entry{};
    entry.nodeid = id;
    entry.attr = to_attr(stat);
    return entry;
  });
}

Result<struct statx> ServedFiles::shown_stat(const File& file) {
  struct statx stat = TRY(stat_at(file.fd.get(), ""));
  stat.stx_mode = kShownMode;
  stat.stx_ino = file.shown_inode;
  stat.stx_nlink = 1;
  stat.stx_uid = 0;
  stat.stx_gid = 0;
  stat.stx_rdev_major = 0;
  stat.stx_rdev_minor = 0;
  return stat;
}

ServedFiles::Operation ServedFiles::operation_of(uint32_t opcode) {
  switch (opcode) {
    case FUSE_GETATTR:
      return &ServedFiles::getattr;
    case kOpcodeStatx:
      return &ServedFiles::getattr_extended;
    case FUSE_SETATTR:
      return &ServedFiles::setattr;
    case FUSE_OPEN:
      return &ServedFiles::open;
    case FUSE_RELEASE:
      return &ServedFiles::release;
    case FUSE_READ:
      return &ServedFiles::read;
    case FUSE_WRITE:
      return &ServedFiles::write;
    case FUSE_LSEEK:
      return &ServedFiles::seek;
    case FUSE_FSYNC:
      return &ServedFiles::fsync;
    case FUSE_STATFS:
      return &ServedFiles::statfs;
    default:
      return nullptr;
  }
}

Result<void> ServedFiles::serve(Request& in, const Chain& chain, Reply& out) {
  const uint64_t id = in.header().nodeid;
  const std::shared_ptr<File> file = find(id);
  if (!file) {
    return refuse(ESTALE);
  }
  const Operation operation = operation_of(in.header().opcode);
  if (operation == nullptr) {
    return refuse(refusal_of(in.header().opcode));
  }
  chain_ = &chain;
  return (this->*operation)(id, *file, in, out);
}

Result<void> ServedFiles::getattr(uint64_t /*id*/, File& file, Request& /*in*/, Reply& out) {
  fuse_attr_out answer{};
  answer.attr = to_attr(TRY(shown_stat(file)));
  return out.put(answer);
}

Result<void> ServedFiles::getattr_extended(uint64_t /*id*/, File& file, Request& /*in*/, Reply& out) {
  return out.put(to_statx(TRY(shown_stat(file))));
}

// A size, and nothing else of what chmod(2), chown(2) and utimensat(2) would change.
Result<void> ServedFiles::setattr(uint64_t id, File& file, Request& in, Reply& out) {
  const auto wanted = TRY(in.take<fuse_setattr_in>());
  constexpr uint32_t kTaken = FATTR_SIZE | FATTR_FH | FATTR_LOCKOWNER | FATTR_KILL_SUIDGID;
  if ((wanted.valid & ~kTaken) != 0 || (wanted.valid & FATTR_SIZE) == 0) {
    return refuse(EPERM);
  }
  if (!file.writes) {
    return refuse(EACCES);
  }
  const WithoutFsetid drop((wanted.valid & FATTR_KILL_SUIDGID) != 0);
  TRY(retry([&] { return ::ftruncate(file.fd.get(), static_cast<off_t>(wanted.size)); }));
  return getattr(id, file, in, out);
}

// Another opening is the same description once more: it goes on where the others are. One that truncates
// begins anew, or what follows would lie behind a hole.
Result<void> ServedFiles::open(uint64_t /*id*/, File& file, Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_open_in>());
  const uint32_t access = arguments.flags & O_ACCMODE;
  const bool truncates = (arguments.flags & O_TRUNC) != 0;
  if ((access != O_WRONLY && !file.reads) || (access != O_RDONLY && !file.writes) || access == O_ACCMODE ||
      (truncates && !file.writes)) {
    return refuse(EACCES);
  }
  if (truncates) {
    const WithoutFsetid drop((arguments.open_flags & FUSE_OPEN_KILL_SUIDGID) != 0);
    if (file.is_regular) {
      TRY(retry([&] { return ::ftruncate(file.fd.get(), 0); }));
    }
    TRY(retry([&] { return ::lseek(file.fd.get(), 0, SEEK_SET); }));
  }
  const std::scoped_lock lock(mutex_);
  ++file.opens;
  file.was_opened = true;
  fuse_open_out answer{};
  answer.open_flags = kOpenFlags;
  return out.put(answer);
}

Result<void> ServedFiles::release(uint64_t id, File& file, Request& /*in*/, Reply& /*out*/) {
  const std::scoped_lock lock(mutex_);
  if (file.opens == 0) {
    return refuse(EBADF);
  }
  if (--file.opens == 0) {
    files_.erase(id);  // the caller holds `file`
  }
  return {};
}

// No more than the process asks for: what follows is for whoever reads the descriptor next, here or on the
// host. What the guest's page cache would read ahead is nobody's wish.
Result<void> ServedFiles::read(uint64_t /*id*/, File& file, Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_read_in>());
  // [fuse] FUSE_READ_LOCKOWNER: there is a process that reads; of pages there is not.
  if ((arguments.read_flags & FUSE_READ_LOCKOWNER) == 0) {
    return refuse(EIO);
  }
  // LIMIT: as much as was agreed on; asking for more gets less.
  out.window(std::min<uint64_t>({arguments.size, out.room(), kMaxIoBytes}), parts_);
  out.wrote(TRY(retry([&] { return ::preadv2(file.fd.get(), parts_.data(), count_of(parts_), -1, 0); })));
  return {};
}

Result<void> ServedFiles::write(uint64_t /*id*/, File& file, Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_write_in>());
  if ((arguments.write_flags & FUSE_WRITE_CACHE) != 0) {
    return refuse(EIO);
  }
  if (arguments.size > in.payload_bytes() || arguments.size > kMaxIoBytes) {
    return refuse(EINVAL);
  }
  slice(chain_->readable(), in.payload_offset(), arguments.size, parts_);
  const WithoutFsetid drop((arguments.write_flags & FUSE_WRITE_KILL_SUIDGID) != 0);
  const size_t written = TRY(retry([&] {
    return ::pwritev2(file.fd.get(), parts_.data(), count_of(parts_), -1, write_flags(arguments));
  }));
  fuse_write_out answer{};
  answer.size = static_cast<uint32_t>(written);
  return out.put(answer);
}

// The guest's kernel asks for every lseek(2): the position is the descriptor's.
Result<void> ServedFiles::seek(uint64_t /*id*/, File& file, Request& in, Reply& out) {
  const auto arguments = TRY(in.take<fuse_lseek_in>());
  if (arguments.whence > SEEK_HOLE) {
    return refuse(EINVAL);
  }
  const off_t position =
      ::lseek(file.fd.get(), static_cast<off_t>(arguments.offset), static_cast<int>(arguments.whence));
  if (position < 0) {
    return refuse_errno();
  }
  return out.put(fuse_lseek_out{.offset = static_cast<uint64_t>(position)});
}

// Of the synthetic root, where it has its name; how full the host's disk is, is not told.
Result<void> ServedFiles::statfs(uint64_t /*id*/, File& /*file*/, Request& /*in*/, Reply& out) {
  fuse_statfs_out answer{};
  answer.st.bsize = 4096;
  answer.st.frsize = 4096;
  answer.st.namelen = kMaxName;
  return out.put(answer);
}

Result<void> ServedFiles::fsync(uint64_t /*id*/, File& file, Request& in, Reply& /*out*/) {
  const auto arguments = TRY(in.take<fuse_fsync_in>());
  const bool is_data_only = (arguments.fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
  TRY(retry([&] { return is_data_only ? ::fdatasync(file.fd.get()) : ::fsync(file.fd.get()); }));
  return {};
}

}  // namespace caisson::vmm::fs
