// SPDX-License-Identifier: Apache-2.0
// OPEN, OPENDIR, RELEASE and FSYNC: handles, and what the guest may keep cached of a file it opens.
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

// Only the access mode and O_TRUNC reach the host. O_APPEND, O_SYNC and O_DSYNC come again with each write
// and are obeyed there (io.cpp): on the descriptor, O_APPEND would misplace what the page cache writes back.
// O_DIRECT asks the guest to skip its cache; the host's alignment rules are none of its business.
int Server::host_flags(uint32_t flags) const {
  int access = static_cast<int>(flags & O_ACCMODE);
  if (is_writeback_agreed_ && access == O_WRONLY) {
    access = O_RDWR;  // to write part of a page the guest's kernel reads the rest
  }
  return access | static_cast<int>(flags & O_TRUNC);
}

// Close-to-open: what the guest has cached stays if the file is as it was when the guest last opened it.
uint32_t Server::cache_flags(Node& node, const struct statx& stat) {
  if (node.from->exclusive) {
    return FOPEN_KEEP_CACHE;
  }
  const Version now = version_of(stat);
  const bool is_unchanged = node.seen == now;
  // What may yet change without a trace was not seen at all.
  node.seen = is_settled(stat) ? now : Version{};
  return is_unchanged ? FOPEN_KEEP_CACHE : 0;
}

// Which of our own words the guest's kernel is told of a file that is open for `access`. What the host may
// want to execute, and what has locks, is let go of before close() returns.
uint32_t Server::own_flags(const Node& node, uint32_t access) {
  if (node.from->exclusive) {
    return fuse::kOpenLazyRelease;
  }
  return (access & O_ACCMODE) == O_RDONLY ? fuse::kOpenHostLocks | fuse::kOpenLazyRelease
                                          : fuse::kOpenHostLocks;
}

Result<void> Server::put_opened(NodePin node, UniqueFd fd, const struct statx& stat, uint32_t access,
                                Call& call) {
  fuse_open_out answer{};
  answer.open_flags = cache_flags(*node, stat) | own_flags(*node, access);
  answer.fh = TRY(handles_.add({.kind = HandleKind::file, .node = std::move(node), .fd = std::move(fd)}));
  return call.out.put(answer);
}

Result<void> Server::open(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_open_in>());
  NodePin node = TRY(node_of(call));
  const int flags = host_flags(arguments.flags);
  if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0) {
    TRY(check_writable(*node));
  }
  if (node->is_directory()) {
    return refuse(EISDIR);
  }
  TRY(handles_.check_room());
  const WithoutFsetid drop((flags & O_TRUNC) != 0 && (arguments.open_flags & FUSE_OPEN_KILL_SUIDGID) != 0);
  UniqueFd fd = TRY(open_contents(*node, flags));
  struct statx stat = {};
  if (!node->from->exclusive) {  // else nothing depends on it
    stat = TRY(stat_at(fd.get(), ""));
  }
  const int contents = fd.get();  // goes on to the handle
  TRY(put_opened(std::move(node), std::move(fd), stat, arguments.flags, call));
  put_beginning(contents, flags, call);
  return {};
}

// [caisson] The guest's kernel leaves room for the contents of a small file that it has nothing of: its next
// request would ask for them. What cannot be read is left to that request.
void Server::put_beginning(int fd, int flags, Call& call) {
  const uint64_t bytes = std::min<uint64_t>(call.out.room(), kMaxOpenBytes);
  if (bytes == 0 || (flags & O_ACCMODE) == O_WRONLY) {
    return;
  }
  const std::span<const iovec> parts = call.window(bytes);
  const ssize_t count = ::preadv2(fd, parts.data(), static_cast<int>(parts.size()), 0, 0);
  if (count > 0) {
    call.out.wrote(static_cast<uint64_t>(count));
  }
}

// [fuse] The guest may keep the listing it has read, for whoever opens the directory next, unless positions
// in it mean nothing any more. Its kernel also opens directories for the sake of an ioctl, without flags, and
// then drops nothing.
uint32_t Server::listing_flags(Node& node, uint32_t flags) const {
  if (!node.from->exclusive) {
    return 0;
  }
  const bool is_good = node.listing_epoch == cookies_.epoch();
  if (flags != 0) {
    node.listing_epoch = cookies_.epoch();
  }
  return is_good ? FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE : FOPEN_CACHE_DIR;
}

Result<void> Server::opendir(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_open_in>());
  NodePin node = TRY(node_of(call));
  if (!node->is_directory()) {
    return refuse(ENOTDIR);
  }
  TRY(handles_.check_room());
  Handle handle{.kind = HandleKind::directory, .node = std::move(node), .fd = {}};
  fuse_open_out answer{};
  if (handle.node->from != nullptr && !handle.node->is_veiled) {
    handle.fd = TRY(open_contents(*handle.node, O_RDONLY | O_DIRECTORY));
    answer.open_flags = listing_flags(*handle.node, arguments.flags);
  }
  answer.open_flags |= fuse::kOpenLazyRelease;
  answer.fh = TRY(handles_.add(std::move(handle)));
  return call.out.put(answer);
}

Result<void> Server::release(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_release_in>());
  const HandleKind kind = call.in.header().opcode == FUSE_RELEASE ? HandleKind::file : HandleKind::directory;
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, kind));
  if (listing_.handle == arguments.fh) {
    listing_.handle = 0;
  }
  // The open file's own locks (F_OFD_SETLK) have it for their owner.
  if (arguments.lock_owner != 0) {
    locks_.remove(*handle->node, arguments.lock_owner);
  }
  if (handle->node->handles == 1) {
    locks_.remove_all(*handle->node);  // nobody is left who could hold one
  }
  handles_.remove(arguments.fh);
  return {};
}

Result<void> Server::fsync(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_fsync_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  const bool is_data_only = (arguments.fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
  if ((is_data_only ? ::fdatasync(handle->fd.get()) : ::fsync(handle->fd.get())) != 0) {
    return refuse_errno();
  }
  return {};
}

Result<void> Server::fsyncdir(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_fsync_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::directory));
  if (handle->fd && ::fsync(handle->fd.get()) != 0) {
    return refuse_errno();
  }
  return {};
}

}  // namespace caisson::vmm::fs
