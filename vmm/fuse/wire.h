// SPDX-License-Identifier: Apache-2.0
// What the kernel's header leaves out of the FUSE protocol: flags that are newer than the header, fixed
// sizes, and the translation of the host's answers into wire values. No logic, no I/O.
#pragma once

#include <linux/fuse.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>

#include "common/result.h"

namespace caisson::vmm::fuse {

// LIMIT: Linux's NAME_MAX; no host file system that is served takes longer components.
inline constexpr size_t kMaxName = 255;

// [fuse] The sizes on the wire; the guest's kernel is built from another copy of the header.
static_assert(sizeof(fuse_in_header) == 40);
static_assert(sizeof(fuse_out_header) == 16);
static_assert(sizeof(fuse_attr) == 88);
static_assert(sizeof(fuse_entry_out) == 128);
static_assert(sizeof(fuse_attr_out) == 104);
static_assert(sizeof(fuse_open_out) == 16);
static_assert(sizeof(fuse_init_in) == 64);
static_assert(sizeof(fuse_init_out) == 64);
static_assert(sizeof(fuse_setattr_in) == 88);
static_assert(sizeof(fuse_write_in) == 40);
static_assert(sizeof(fuse_setxattr_in) == 16);
static_assert(sizeof(fuse_lk_in) == 48);
static_assert(sizeof(fuse_lk_out) == 24);
static_assert(sizeof(fuse_flush_in) == 24);

// The oldest minor version that is served. Older ones have shorter structs, which Caisson's kernels do not
// send.
inline constexpr uint32_t kOldestMinor = 31;

// [fuse] 7.41, newer than the header: mounts may map ids, and only requests that make a file name the asking
// user.
#ifndef FUSE_ALLOW_IDMAP
#define FUSE_ALLOW_IDMAP (1ULL << 40)
#endif

// [fuse] 7.38, newer than the header: no file handles, so that name_to_handle_at() fails as
// open_by_handle_at() would.
#ifndef FUSE_NO_EXPORT_SUPPORT
#define FUSE_NO_EXPORT_SUPPORT (1ULL << 38)
#endif

// [fuse] 7.39, newer than the header: STATX, by names of our own that a newer header leaves alone.
inline constexpr uint32_t kOpcodeStatx = 52;
struct StatxIn {
  uint32_t getattr_flags = 0;
  uint32_t reserved = 0;
  uint64_t fh = 0;
  uint32_t sx_flags = 0;
  uint32_t sx_mask = 0;
};
struct StatxTime {
  int64_t tv_sec = 0;
  uint32_t tv_nsec = 0;
  int32_t reserved = 0;
};
struct StatxOut {
  uint64_t attr_valid = 0;  // seconds
  uint32_t attr_valid_nsec = 0;
  uint32_t flags = 0;
  uint64_t spare[2] = {};
  uint32_t mask = 0;
  uint32_t blksize = 0;
  uint64_t attributes = 0;
  uint32_t nlink = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint16_t mode = 0;
  uint16_t spare0 = 0;
  uint64_t ino = 0;
  uint64_t size = 0;
  uint64_t blocks = 0;
  uint64_t attributes_mask = 0;
  StatxTime atime;
  StatxTime btime;
  StatxTime ctime;
  StatxTime mtime;
  uint32_t rdev_major = 0;
  uint32_t rdev_minor = 0;
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  uint64_t spare2[14] = {};
};
static_assert(sizeof(StatxIn) == 24);
static_assert(sizeof(StatxOut) == 32 + 256);

// [caisson] Private to our guest's kernel (guest-kernel/patches), in fuse_attr.flags: the file changed so
// recently that a further change may leave the same times, so that equal times do not mean equal contents.
inline constexpr uint32_t kAttrUnsettled = 1U << 31;
// [caisson] Likewise, in fuse_open_out.open_flags: the server keeps the locks on this file, not the guest's
// kernel.
inline constexpr uint32_t kOpenHostLocks = 1U << 31;
// [caisson] Likewise: RELEASE may come without room for an answer, by the queue of FORGET, some time later.
inline constexpr uint32_t kOpenLazyRelease = 1U << 30;

// A refusal whose only reader is the guest: an errno and no words.
[[nodiscard]] inline tl::unexpected<Error> refuse(int code) {
  return tl::unexpected(Error{.code = code, .message = {}});
}
[[nodiscard]] inline tl::unexpected<Error> refuse_errno() {
  return refuse(errno);
}

// The kernel's new_encode_dev().
[[nodiscard]] constexpr uint32_t encode_device(uint32_t major_number, uint32_t minor_number) {
  return (minor_number & 0xffU) | (major_number << 8) | ((minor_number & ~0xffU) << 12);
}

[[nodiscard]] inline fuse_attr to_attr(const struct statx& stat) {
  fuse_attr attr{};
  attr.ino = stat.stx_ino;
  attr.size = stat.stx_size;
  attr.blocks = stat.stx_blocks;
  attr.atime = static_cast<uint64_t>(stat.stx_atime.tv_sec);
  attr.mtime = static_cast<uint64_t>(stat.stx_mtime.tv_sec);
  attr.ctime = static_cast<uint64_t>(stat.stx_ctime.tv_sec);
  attr.atimensec = stat.stx_atime.tv_nsec;
  attr.mtimensec = stat.stx_mtime.tv_nsec;
  attr.ctimensec = stat.stx_ctime.tv_nsec;
  attr.mode = stat.stx_mode;
  attr.nlink = stat.stx_nlink;
  attr.uid = stat.stx_uid;
  attr.gid = stat.stx_gid;
  attr.rdev = encode_device(stat.stx_rdev_major, stat.stx_rdev_minor);
  attr.blksize = stat.stx_blksize;
  return attr;
}

[[nodiscard]] inline StatxTime to_statx(const statx_timestamp& time) {
  return {.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec, .reserved = 0};
}

[[nodiscard]] inline StatxOut to_statx(const struct statx& stat) {
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
  answer.atime = to_statx(stat.stx_atime);
  answer.btime = to_statx(stat.stx_btime);
  answer.ctime = to_statx(stat.stx_ctime);
  answer.mtime = to_statx(stat.stx_mtime);
  answer.rdev_major = stat.stx_rdev_major;
  answer.rdev_minor = stat.stx_rdev_minor;
  return answer;
}

}  // namespace caisson::vmm::fuse
