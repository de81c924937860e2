// SPDX-License-Identifier: Apache-2.0
// GETLK, SETLK, SETLKW and FLUSH: locks on shared exports are the host's, so that its processes and other
// containers take part in them. Those on exclusive exports never come here (kOpenHostLocks).
#include <sys/file.h>

#include <algorithm>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

// [fuse] The end of a lock is its last byte; OFFSET_MAX stands for "to the end of the file".
constexpr uint64_t kOffsetMax = INT64_MAX;

Result<struct flock> range_of(const fuse_file_lock& lock) {
  if (lock.start > kOffsetMax || lock.end > kOffsetMax || lock.end < lock.start) {
    return refuse(EINVAL);
  }
  struct flock range = {};
  range.l_type = static_cast<short>(lock.type);
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(lock.start);
  range.l_len = lock.end == kOffsetMax ? 0 : static_cast<off_t>(lock.end - lock.start + 1);
  return range;
}

Result<int> flock_operation(uint32_t type) {
  switch (type) {
    case F_RDLCK:
      return LOCK_SH;
    case F_WRLCK:
      return LOCK_EX;
    case F_UNLCK:
      return LOCK_UN;
    default:
      return refuse(EINVAL);
  }
}

}  // namespace

// The description that carries the owner's record locks; opened for writing where that is possible, as
// F_WRLCK needs.
Result<LockTable::Entry*> Server::lock_owner(Node& node, uint64_t owner) {
  if (LockTable::Entry* entry = locks_.find(node, owner); entry != nullptr) {
    return entry;
  }
  TRY(locks_.check_room());
  auto fd = node.from->read_only ? open_contents(node, O_RDONLY) : open_contents(node, O_RDWR);
  if (!fd && !node.from->read_only) {
    fd = open_contents(node, O_RDONLY);  // a program that runs, a file sealed against writing
  }
  return &locks_.add(node, owner, TRY(std::move(fd)));
}

Result<void> Server::set_lock(Call& call, bool may_wait) {
  const auto arguments = TRY(call.in.take<fuse_lk_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  Node& node = *handle->node;
  int fd = handle->fd.get();
  LockRequest request;
  if ((arguments.lk_flags & FUSE_LK_FLOCK) != 0) {
    request = TRY(flock_operation(arguments.lk.type));
  } else {
    TRY(flock_operation(arguments.lk.type));  // the same three types
    const struct flock range = TRY(range_of(arguments.lk));
    if (range.l_type == F_UNLCK && range.l_start == 0 && range.l_len == 0) {
      locks_.remove(node, arguments.owner);
      return {};
    }
    if (range.l_type == F_UNLCK && locks_.find(node, arguments.owner) == nullptr) {
      return {};
    }
    LockTable::Entry* entry = TRY(lock_owner(node, arguments.owner));
    entry->process = arguments.lk.pid != 0 ? arguments.lk.pid : entry->process;
    fd = entry->fd.get();
    request = range;
  }
  auto done = ask_for_lock(fd, request);
  if (done || !may_wait || done.error().code != EAGAIN) {
    return done;
  }
  UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own) {
    return refuse(ENOLCK);
  }
  call.answer_later(TRY(waiters_.wait(call.in.header().unique, std::move(own), request)));
  return {};
}

Result<void> Server::setlk(Call& call) {
  return set_lock(call, false);
}

Result<void> Server::setlkw(Call& call) {
  return set_lock(call, true);
}

Result<void> Server::getlk(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_lk_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  struct flock range = TRY(range_of(arguments.lk));
  const LockTable::Entry* entry = locks_.find(*handle->node, arguments.owner);
  if (::fcntl(entry != nullptr ? entry->fd.get() : handle->fd.get(), F_OFD_GETLK, &range) != 0) {
    return refuse_errno();
  }
  fuse_lk_out answer{};
  answer.lk.type = static_cast<uint32_t>(range.l_type);
  if (range.l_type != F_UNLCK) {
    answer.lk.start = static_cast<uint64_t>(range.l_start);
    answer.lk.end = range.l_len == 0 ? kOffsetMax : static_cast<uint64_t>(range.l_start + range.l_len - 1);
    // A process of the host has no number in the guest: 0.
    answer.lk.pid = range.l_pid == -1 ? locks_.other_process(*handle->node, arguments.owner) : 0;
  }
  return call.out.put(answer);
}

// The owner has closed a descriptor of the file: POSIX lets go of all its locks on it.
Result<void> Server::flush(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_flush_in>());
  const Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::file));
  locks_.remove(*handle->node, arguments.lock_owner);
  return {};
}

}  // namespace caisson::vmm::fs
