// SPDX-License-Identifier: Apache-2.0
// CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK and LINK: new names, owned by whom the guest's kernel says.
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse;
using fuse::refuse_errno;

namespace {

// Makes the system call as `caller` and takes its errno before the identity changes back.
template <typename Make>
Result<int> call_as(const ActAs& /*caller*/, Make make) {
  const int result = make();
  if (result < 0) {
    return refuse_errno();
  }
  return result;
}

}  // namespace

// The thread's umask stays as the last request set it: every request that depends on it sets it.
Result<ActAs> Server::act_as_caller(const Call& call, uint32_t mask) {
  const mode_t wanted = has_umask_ ? (mask & 0777U) : 0;
  if (wanted != mask_) {
    ::umask(wanted);
    mask_ = wanted;
  }
  return ActAs::become(call.in.header().uid, call.in.header().gid);
}

Result<void> Server::put_new_entry(const NodePin& parent, const fuse::Name& name, Call& call) {
  const struct statx stat = TRY(stat_at(TRY(nodes_.descriptor(*parent)), name.c_str()));
  NodePin node = TRY(nodes_.remember(parent, name.view(), stat));
  return call.out.put(entry_of(*node, stat));
}

// Somebody made the file between the guest's look and its CREATE: open it as OPEN would, or have the guest
// look again.
Result<void> Server::open_existing(const NodePin& parent, const fuse::Name& name,
                                   const fuse_create_in& arguments, Call& call) {
  const struct statx stat = TRY(stat_at(TRY(nodes_.descriptor(*parent)), name.c_str()));
  if (!S_ISREG(stat.stx_mode)) {
    return refuse(S_ISDIR(stat.stx_mode) ? EISDIR : ESTALE);
  }
  NodePin node = TRY(nodes_.remember(parent, name.view(), stat));
  UniqueFd fd;
  {
    const WithoutFsetid drop((arguments.open_flags & FUSE_OPEN_KILL_SUIDGID) != 0);
    auto opened = open_contents(*node, host_flags(arguments.flags));
    if (!opened) {
      NodeTable::forget(std::move(node), 1);
      return refuse(opened.error().code);
    }
    fd = std::move(*opened);
  }
  const struct statx now = TRY(stat_at(fd.get(), ""));
  TRY(call.out.put(entry_of(*node, now)));
  return put_opened(std::move(node), std::move(fd), now, arguments.flags, call);
}

Result<void> Server::create_file(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_create_in>());
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  TRY(handles_.check_room());
  const int directory = TRY(nodes_.descriptor(*parent));
  // O_EXCL always: what exists is never opened by name, for it might be a FIFO or a device.
  const int flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | host_flags(arguments.flags);
  const auto made = call_as(TRY(act_as_caller(call, arguments.umask)), [&] {
    return ::openat(directory, name.c_str(), flags, arguments.mode & 07777U);
  });
  if (!made) {
    if (made.error().code == EEXIST && (arguments.flags & O_EXCL) == 0) {
      return open_existing(parent, name, arguments, call);
    }
    return refuse(made.error().code);
  }
  UniqueFd fd(*made);
  const struct statx stat = TRY(stat_at(fd.get(), ""));
  NodePin node = TRY(nodes_.remember(parent, name.view(), stat));
  TRY(call.out.put(entry_of(*node, stat)));
  return put_opened(std::move(node), std::move(fd), stat, arguments.flags, call);
}

Result<void> Server::tmpfile(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_create_in>());  // a name follows that means nothing
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  TRY(handles_.check_room());
  const int directory = TRY(nodes_.descriptor(*parent));
  const int access = host_flags(arguments.flags) & O_ACCMODE;
  // [fuse] O_EXCL: the guest may not link it later; its kernel sees to that, and the host's must not forget
  // it.
  const int exclusive = static_cast<int>(arguments.flags & O_EXCL);
  UniqueFd fd(TRY(call_as(TRY(act_as_caller(call, arguments.umask)), [&] {
    return ::openat(directory, ".", O_TMPFILE | O_CLOEXEC | access | exclusive, arguments.mode & 07777U);
  })));
  UniqueFd path_fd = TRY(own_.reopen(fd.get(), O_PATH));
  const struct statx stat = TRY(stat_at(fd.get(), ""));
  NodePin node = TRY(nodes_.remember_nameless(parent, stat, std::move(path_fd)));
  TRY(call.out.put(entry_of(*node, stat)));
  return put_opened(std::move(node), std::move(fd), stat, arguments.flags, call);
}

Result<void> Server::mknod(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_mknod_in>());
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  switch (arguments.mode & S_IFMT) {
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
      break;
    case S_IFCHR:
      // A device node made by the guest would be a real one to the host, whoever finds it there. Number 0:0
      // is no device: overlay file systems mark deletions with it.
      if (arguments.rdev == 0) {
        break;
      }
      return refuse(EPERM);
    default:
      return refuse(EPERM);
  }
  const int directory = TRY(nodes_.descriptor(*parent));
  TRY(call_as(TRY(act_as_caller(call, arguments.umask)),
              [&] { return ::mknodat(directory, name.c_str(), arguments.mode, 0); }));
  return put_new_entry(parent, name, call);
}

Result<void> Server::mkdir(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_mkdir_in>());
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  const int directory = TRY(nodes_.descriptor(*parent));
  TRY(call_as(TRY(act_as_caller(call, arguments.umask)),
              [&] { return ::mkdirat(directory, name.c_str(), arguments.mode & 07777U); }));
  return put_new_entry(parent, name, call);
}

Result<void> Server::symlink(Call& call) {
  const fuse::Name name = TRY(call.in.take_name());
  const std::string_view target = TRY(call.in.take_string(kMaxTarget - 1));
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  TRY(check_writable(*parent));
  const int directory = TRY(nodes_.descriptor(*parent));
  // The target is text for the guest: nothing here ever follows it.
  TRY(call_as(TRY(act_as_caller(call, 0)),
              [&] { return ::symlinkat(target.data(), directory, name.c_str()); }));
  return put_new_entry(parent, name, call);
}

Result<void> Server::link(Call& call) {
  const auto arguments = TRY(call.in.take<fuse_link_in>());
  const fuse::Name name = TRY(call.in.take_name());
  const NodePin parent = TRY(directory(call.in.header().nodeid));
  const NodePin node = TRY(known(arguments.oldnodeid));
  TRY(check_writable(*parent));
  if (node->from != parent->from) {
    return refuse(EXDEV);
  }
  if (node->is_directory() || node->is_veiled) {
    return refuse(EPERM);
  }
  const int directory = TRY(nodes_.descriptor(*parent));
  const auto own_name = OwnDescriptors::name(TRY(nodes_.descriptor(*node)));
  if (::linkat(own_.directory(), own_name.data(), directory, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return refuse_errno();
  }
  return put_new_entry(parent, name, call);
}

}  // namespace caisson::vmm::fs
