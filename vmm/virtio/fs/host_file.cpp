// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/host_file.h"

#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>

#include "common/detached_directory.h"
#include "vmm/fuse/wire.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse_errno;

namespace {

// Not in every linux/magic.h.
constexpr long kFuseControlMagic = 0x65735543;
constexpr long kNfsdMagic = 0x6e667364;
constexpr long kRpcPipeMagic = 0x67596969;
constexpr long kConfigFsMagic = 0x62656570;

constexpr std::array<long, 20> kKernelInterfaces = {
    PROC_SUPER_MAGIC,  SYSFS_MAGIC,      CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
    TRACEFS_MAGIC,     SECURITYFS_MAGIC, SELINUX_MAGIC,      SMACK_MAGIC,         BPF_FS_MAGIC,
    PSTOREFS_MAGIC,    EFIVARFS_MAGIC,   BINFMTFS_MAGIC,     NSFS_MAGIC,          RDTGROUP_SUPER_MAGIC,
    kFuseControlMagic, kNfsdMagic,       kRpcPipeMagic,      kConfigFsMagic,      DEVMEM_MAGIC,
};

// Wraps for absurd years, which is as good a mark as any.
int64_t nanoseconds(const statx_timestamp& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + time.tv_nsec);
}

}  // namespace

Identity identity_of(const struct statx& stat) {
  return {.device = makedev(stat.stx_dev_major, stat.stx_dev_minor),
          .inode = stat.stx_ino,
          .mount = stat.stx_mnt_id};
}

BirthTime birth_time_of(const struct statx& stat) {
  return (stat.stx_mask & STATX_BTIME) == 0 ? 0 : nanoseconds(stat.stx_btime);
}

Version version_of(const struct statx& stat) {
  return {.size = stat.stx_size,
          .modified_ns = nanoseconds(stat.stx_mtime),
          .changed_ns = nanoseconds(stat.stx_ctime)};
}

bool is_settled(const struct statx& stat) {
  // The clock that the host's kernel stamps files with; one that was set back leaves them unsettled.
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const auto changed =
      std::chrono::seconds(stat.stx_ctime.tv_sec) + std::chrono::nanoseconds(stat.stx_ctime.tv_nsec);
  return changed + kSettleTime < std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Result<struct statx> stat_at(int directory, const char* name) {
  struct statx stat;
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(directory, name, kFlags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &stat) != 0) {
    return refuse_errno();
  }
  return stat;
}

Result<UniqueFd> open_path_at(int directory, const char* name) {
  UniqueFd fd(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    return refuse_errno();
  }
  return fd;
}

Result<bool> is_kernel_interface(int fd) {
  struct statfs stat;
  if (::fstatfs(fd, &stat) != 0) {
    return refuse_errno();
  }
  return std::find(kKernelInterfaces.begin(), kKernelInterfaces.end(), static_cast<long>(stat.f_type)) !=
         kKernelInterfaces.end();
}

Result<OwnDescriptors> OwnDescriptors::open() {
  // What is above it is the host's procfs, with its settings, and root's to write.
  return OwnDescriptors(TRY(open_detached_directory("/proc/self/fd")));
}

OwnDescriptors::Name OwnDescriptors::name(int fd) {
  Name name{};
  std::to_chars(name.data(), name.data() + name.size() - 1, fd);
  return name;
}

Result<UniqueFd> OwnDescriptors::reopen(int path_fd, int flags) const {
  UniqueFd fd(::openat(directory_.get(), name(path_fd).data(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) {
    return refuse_errno();
  }
  return fd;
}

int write_flags(const fuse_write_in& arguments) {
  int flags = 0;
  if ((arguments.write_flags & FUSE_WRITE_CACHE) == 0 && (arguments.flags & O_APPEND) != 0) {
    flags |= RWF_APPEND;
  }
  if ((arguments.flags & O_SYNC) == O_SYNC) {
    flags |= RWF_SYNC;
  } else if ((arguments.flags & O_DSYNC) != 0) {
    flags |= RWF_DSYNC;
  }
  return flags;
}

}  // namespace caisson::vmm::fs
