// SPDX-License-Identifier: Apache-2.0
// IOCTL and STATX: inode flags within the list of what a container may set, and the time of birth.
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;
using vmm::fuse::kOpcodeStatx;
using vmm::fuse::StatxIn;
using vmm::fuse::StatxOut;

class InodeFlags : public FsTest {
 protected:
  InodeFlags() {
    scratch_.write("file", "x");
    file_ = node("file");
    handle_ = open(file_, O_RDONLY);
  }
  Answer send(unsigned long command, const Arguments& data = {}, uint32_t flags = 0) {
    fuse_ioctl_in in{};
    in.fh = handle_;
    in.cmd = static_cast<uint32_t>(command);
    in.flags = flags;
    return client_->call(
        FUSE_IOCTL, file_,
        Arguments().add(in).raw({reinterpret_cast<const char*>(data.bytes().data()), data.bytes().size()}));
  }
  uint32_t flags() { return send(FS_IOC_GETFLAGS).as<uint32_t>(sizeof(fuse_ioctl_out)); }
  int set(uint32_t flags) { return send(FS_IOC_SETFLAGS, Arguments().add(flags)).error; }

  uint64_t file_ = 0;
  uint64_t handle_ = 0;
};

TEST_F(InodeFlags, are_read_and_those_of_the_list_are_set) {
  if (send(FS_IOC_GETFLAGS).error == ENOTTY) {
    GTEST_SKIP() << "host: the file system has no inode flags";
  }
  const uint32_t before = flags();
  ASSERT_EQ(set(before | FS_NODUMP_FL), 0);
  EXPECT_EQ(flags(), before | FS_NODUMP_FL);
  uint32_t on_host = 0;
  const UniqueFd fd(::open((scratch_ / "file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::ioctl(fd.get(), FS_IOC_GETFLAGS, &on_host), 0);
  EXPECT_EQ(on_host, before | FS_NODUMP_FL);
  EXPECT_EQ(send(FS_IOC_GETFLAGS).data.size(), sizeof(fuse_ioctl_out) + sizeof(uint32_t));
  EXPECT_EQ(set(before), 0);
}

TEST_F(InodeFlags, that_bind_the_hosts_own_root_are_refused) {
  if (send(FS_IOC_GETFLAGS).error == ENOTTY) {
    GTEST_SKIP() << "host: the file system has no inode flags";
  }
  const uint32_t before = flags();
  EXPECT_EQ(set(before | FS_IMMUTABLE_FL), EPERM);
  EXPECT_EQ(set(before | FS_APPEND_FL | FS_NODUMP_FL), EPERM);
  EXPECT_EQ(set(before | FS_JOURNAL_DATA_FL), EOPNOTSUPP);
  EXPECT_EQ(set(before ^ FS_EXTENT_FL), EOPNOTSUPP);
  EXPECT_EQ(set(UINT32_MAX), EPERM);
  EXPECT_EQ(flags(), before);
  auto extended = send(FS_IOC_FSGETXATTR).as<fsxattr>(sizeof(fuse_ioctl_out));
  extended.fsx_projid += 1;
  EXPECT_EQ(send(FS_IOC_FSSETXATTR, Arguments().add(extended)).error, EOPNOTSUPP);
  extended.fsx_projid -= 1;
  extended.fsx_xflags |= FS_XFLAG_IMMUTABLE;
  EXPECT_EQ(send(FS_IOC_FSSETXATTR, Arguments().add(extended)).error, EPERM);
}

TEST_F(InodeFlags, of_a_read_only_export_stay) {
  mount({.read_only = true});
  file_ = node("file");
  handle_ = open(file_, O_RDONLY);
  EXPECT_EQ(set(0), EROFS);
  EXPECT_EQ(send(FS_IOC_FSSETXATTR, Arguments().add(fsxattr{})).error, EROFS);
}

TEST_F(InodeFlags, of_what_is_not_open_or_cut_short_are_refused) {
  EXPECT_EQ(send(FS_IOC_SETFLAGS).error, EINVAL);
  EXPECT_EQ(send(FS_IOC_GETFLAGS, {}, FUSE_IOCTL_DIR).error, EBADF);
  for (const uint64_t other :
       std::initializer_list<uint64_t>{0, TCGETS, FITRIM, FIGETBSZ, FS_IOC_FIEMAP, FIFREEZE, FICLONE}) {
    EXPECT_EQ(send(other).error, ENOTTY);
  }
  handle_ += 100;
  EXPECT_EQ(send(FS_IOC_GETFLAGS).error, EBADF);
  handle_ = client_->open(FUSE_ROOT_ID, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
  file_ = FUSE_ROOT_ID;
  EXPECT_EQ(send(FS_IOC_GETFLAGS, {}, FUSE_IOCTL_DIR).error, ENOTTY);
}

TEST_F(InodeFlags, statx_tells_the_time_of_birth) {
  struct statx expected = {};
  ASSERT_EQ(::statx(AT_FDCWD, (scratch_ / "file").c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &expected), 0);
  StatxIn in;
  const auto by_node = client_->call(kOpcodeStatx, file_, Arguments().add(in)).as<StatxOut>();
  in.getattr_flags = FUSE_GETATTR_FH;
  in.fh = handle_;
  const auto by_handle = client_->call(kOpcodeStatx, file_, Arguments().add(in)).as<StatxOut>();
  for (const StatxOut& seen : {by_node, by_handle}) {
    EXPECT_EQ(seen.mask & STATX_BTIME, expected.stx_mask & STATX_BTIME);
    EXPECT_EQ(seen.btime.tv_sec, expected.stx_btime.tv_sec);
    EXPECT_EQ(seen.btime.tv_nsec, expected.stx_btime.tv_nsec);
    EXPECT_EQ(seen.ino, expected.stx_ino);
    EXPECT_EQ(seen.mode, expected.stx_mode);
    EXPECT_EQ(seen.size, 1U);
  }
  in.fh += 100;
  EXPECT_EQ(client_->call(kOpcodeStatx, file_, Arguments().add(in)).error, EBADF);
  EXPECT_EQ(client_->call(kOpcodeStatx, FUSE_ROOT_ID, Arguments().add(StatxIn{})).error, 0);
}

}  // namespace
}  // namespace caisson::test
