// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/operations.h"

#include "vmm/fuse/dispatch.h"

namespace caisson::vmm::fs {
namespace {

using Table = fuse::OpcodeTable<OperationEntry>;

template <typename T>
constexpr uint32_t kSize = sizeof(T);

constexpr uint32_t kOpened = kSize<fuse_entry_out> + kSize<fuse_open_out>;

// Left out, thus ENOSYS: ACCESS (the guest's kernel checks permissions: default_permissions), BMAP, POLL,
// SETUPMAPPING, REMOVEMAPPING (no DAX window), SYNCFS
// (docs/decisions/0004-own-fuse-server.md: the guest's power is cut, never the host's, so what left the guest
// is safe; fsync goes to the disk).
constexpr Table make_table() {
  Table table;
  // clang-format off
  table[FUSE_INIT]            = {"init", &Server::init, 16, kSize<fuse_init_out>};
  table[FUSE_DESTROY]         = {"destroy", &Server::destroy};
  table[FUSE_INTERRUPT]       = {"interrupt", &Server::interrupt, kSize<fuse_interrupt_in>};
  table[FUSE_LOOKUP]          = {"lookup", &Server::lookup, 0, kSize<fuse_entry_out>};
  table[FUSE_FORGET]          = {"forget", &Server::forget, kSize<fuse_forget_in>};
  table[FUSE_BATCH_FORGET]    = {"batch_forget", &Server::batch_forget, kSize<fuse_batch_forget_in>};
  table[FUSE_GETATTR]         = {"getattr", &Server::getattr, kSize<fuse_getattr_in>, kSize<fuse_attr_out>};
  table[FUSE_SETATTR]         = {"setattr", &Server::setattr, kSize<fuse_setattr_in>, kSize<fuse_attr_out>};
  table[fuse::kOpcodeStatx]   = {"statx", &Server::getattr_extended, kSize<fuse::StatxIn>, kSize<fuse::StatxOut>};
  table[FUSE_IOCTL]           = {"ioctl", &Server::ioctl, kSize<fuse_ioctl_in>, kSize<fuse_ioctl_out>};
  table[FUSE_READLINK]        = {"readlink", &Server::readlink};
  table[FUSE_STATFS]          = {"statfs", &Server::statfs, 0, kSize<fuse_statfs_out>};
  table[FUSE_OPEN]            = {"open", &Server::open, kSize<fuse_open_in>, kSize<fuse_open_out>};
  table[FUSE_OPENDIR]         = {"opendir", &Server::opendir, kSize<fuse_open_in>, kSize<fuse_open_out>};
  table[FUSE_RELEASE]         = {"release", &Server::release, kSize<fuse_release_in>};
  table[FUSE_RELEASEDIR]      = {"releasedir", &Server::release, kSize<fuse_release_in>};
  table[FUSE_FSYNC]           = {"fsync", &Server::fsync, kSize<fuse_fsync_in>};
  table[FUSE_FSYNCDIR]        = {"fsyncdir", &Server::fsyncdir, kSize<fuse_fsync_in>};
  table[FUSE_READ]            = {"read", &Server::read, kSize<fuse_read_in>};
  table[FUSE_WRITE]           = {"write", &Server::write, kSize<fuse_write_in>, kSize<fuse_write_out>, true};
  table[FUSE_LSEEK]           = {"lseek", &Server::lseek, kSize<fuse_lseek_in>, kSize<fuse_lseek_out>};
  table[FUSE_FALLOCATE]       = {"fallocate", &Server::fallocate, kSize<fuse_fallocate_in>};
  table[FUSE_COPY_FILE_RANGE] = {"copy_file_range", &Server::copy_file_range, kSize<fuse_copy_file_range_in>, kSize<fuse_write_out>};
  table[FUSE_CREATE]          = {"create", &Server::create_file, kSize<fuse_create_in>, kOpened};
  table[FUSE_TMPFILE]         = {"tmpfile", &Server::tmpfile, kSize<fuse_create_in>, kOpened};
  table[FUSE_MKNOD]           = {"mknod", &Server::mknod, kSize<fuse_mknod_in>, kSize<fuse_entry_out>};
  table[FUSE_MKDIR]           = {"mkdir", &Server::mkdir, kSize<fuse_mkdir_in>, kSize<fuse_entry_out>};
  table[FUSE_SYMLINK]         = {"symlink", &Server::symlink, 0, kSize<fuse_entry_out>};
  table[FUSE_LINK]            = {"link", &Server::link, kSize<fuse_link_in>, kSize<fuse_entry_out>};
  table[FUSE_UNLINK]          = {"unlink", &Server::unlink};
  table[FUSE_RMDIR]           = {"rmdir", &Server::rmdir};
  table[FUSE_RENAME]          = {"rename", &Server::rename, kSize<fuse_rename_in>};
  table[FUSE_RENAME2]         = {"rename2", &Server::rename2, kSize<fuse_rename2_in>};
  table[FUSE_GETLK]           = {"getlk", &Server::getlk, kSize<fuse_lk_in>, kSize<fuse_lk_out>};
  table[FUSE_SETLK]           = {"setlk", &Server::setlk, kSize<fuse_lk_in>};
  table[FUSE_SETLKW]          = {"setlkw", &Server::setlkw, kSize<fuse_lk_in>};
  table[FUSE_FLUSH]           = {"flush", &Server::flush, kSize<fuse_flush_in>};
  table[FUSE_READDIR]         = {"readdir", &Server::readdir, kSize<fuse_read_in>};
  table[FUSE_READDIRPLUS]     = {"readdirplus", &Server::readdirplus, kSize<fuse_read_in>};
  table[FUSE_SETXATTR]        = {"setxattr", &Server::setxattr, FUSE_COMPAT_SETXATTR_IN_SIZE};
  table[FUSE_GETXATTR]        = {"getxattr", &Server::getxattr, kSize<fuse_getxattr_in>};
  table[FUSE_LISTXATTR]       = {"listxattr", &Server::listxattr, kSize<fuse_getxattr_in>};
  table[FUSE_REMOVEXATTR]     = {"removexattr", &Server::removexattr};
  // clang-format on
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

const OperationEntry* find_operation(uint32_t opcode) {
  return kTable.find(opcode);
}

}  // namespace caisson::vmm::fs
