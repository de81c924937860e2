// SPDX-License-Identifier: Apache-2.0
// The FUSE server of one device: takes a chain, finds the operation in the table (operations.cpp), carries it
// out against the exports, answers. Called by fs::Device on its loop's thread; blocking file I/O is meant to
// happen here. Every method named like an operation lives in operations/<family>.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/result.h"
#include "vmm/virtio/fs/call.h"
#include "vmm/virtio/fs/credentials.h"
#include "vmm/virtio/fs/export.h"
#include "vmm/virtio/fs/handle_table.h"
#include "vmm/virtio/fs/host_file.h"
#include "vmm/virtio/fs/limits.h"
#include "vmm/virtio/fs/lock_table.h"
#include "vmm/virtio/fs/lock_waiters.h"
#include "vmm/virtio/fs/node_table.h"
#include "vmm/virtio/fs/served_files.h"
#include "vmm/virtio/fs/short_cookies.h"

namespace caisson::vmm::fs {

class Server {
 public:
  struct Config {
    std::vector<Export> exports;
    // Host descriptors the guest may occupy; 0: what RLIMIT_NOFILE leaves.
    size_t descriptors = 0;
    // Lets the guest's kernel delay writes. Honoured only if every export is exclusive: with it the guest is
    // the authority on sizes and times, and would not see the host's changes.
    bool writeback_cache = false;
  };

  // The outcome of a request: `written` bytes of an answer (0: no answer), or an answer that comes later from
  // `answer_later`, under this ticket.
  struct Served {
    uint32_t written = 0;
    uint64_t ticket = 0;
    uint64_t unique = 0;  // for end_waiting()
  };
  using AnswerLater = LockWaiters::Done;

  // `answer_later` is called on `loop`, which must outlive the server.
  static Result<std::unique_ptr<Server>> create(Config config, EventLoop& loop, AnswerLater answer_later);

  // A guest with `guest_memory_bytes` is about to mount, by requests served on the calling thread.
  Result<void> start(uint64_t guest_memory_bytes);
  // The guest is gone: drops all nodes and handles.
  void reset();

  // The answer without contents to a request that was served before: its bytes in `chain`.
  static uint32_t end_waiting(const Chain& chain, uint64_t unique, int error);
  // Carries out the request in `chain`, or begins to.
  Served serve(const Chain& chain);

  // Serves a file by its descriptor, beside the exports (ServedFiles::add). From any thread.
  Result<void> add_file(const std::string& name, UniqueFd fd, ServedFiles::Giver giver);
  [[nodiscard]] ServedFiles& files() { return files_; }

  // How many requests of each opcode there were.
  [[nodiscard]] const std::map<uint32_t, uint64_t>& requests() const { return requests_; }
  [[nodiscard]] size_t node_count() const { return nodes_.size(); }
  // No file can be opened until one is released.
  [[nodiscard]] bool is_full() const { return handles_.is_full(); }
  [[nodiscard]] size_t handle_count() const { return handles_.size(); }
  [[nodiscard]] size_t cached_descriptors() const { return nodes_.cached_descriptors(); }
  [[nodiscard]] size_t cookie_count() const { return cookies_.size(); }

  using Operation = Result<void> (Server::*)(Call& call);

  // session.cpp
  Result<void> init(Call& call);
  Result<void> destroy(Call& call);
  Result<void> interrupt(Call& call);
  // lookup.cpp
  Result<void> lookup(Call& call);
  Result<void> forget(Call& call);
  Result<void> batch_forget(Call& call);
  // statx.cpp
  Result<void> getattr_extended(Call& call);
  // ioctl.cpp
  Result<void> ioctl(Call& call);
  // attributes.cpp
  Result<void> getattr(Call& call);
  Result<void> setattr(Call& call);
  Result<void> readlink(Call& call);
  Result<void> statfs(Call& call);
  // open.cpp
  Result<void> open(Call& call);
  Result<void> opendir(Call& call);
  Result<void> release(Call& call);
  Result<void> fsync(Call& call);
  Result<void> fsyncdir(Call& call);
  // io.cpp
  Result<void> read(Call& call);
  Result<void> write(Call& call);
  Result<void> lseek(Call& call);
  Result<void> fallocate(Call& call);
  Result<void> copy_file_range(Call& call);
  // create.cpp
  Result<void> create_file(Call& call);
  Result<void> tmpfile(Call& call);
  Result<void> mknod(Call& call);
  Result<void> mkdir(Call& call);
  Result<void> symlink(Call& call);
  Result<void> link(Call& call);
  // remove.cpp
  Result<void> unlink(Call& call);
  Result<void> rmdir(Call& call);
  Result<void> rename(Call& call);
  Result<void> rename2(Call& call);
  // lock.cpp
  Result<void> getlk(Call& call);
  Result<void> setlk(Call& call);
  Result<void> setlkw(Call& call);
  Result<void> flush(Call& call);
  // directory.cpp
  Result<void> readdir(Call& call);
  Result<void> readdirplus(Call& call);
  // xattr.cpp
  Result<void> setxattr(Call& call);
  Result<void> getxattr(Call& call);
  Result<void> listxattr(Call& call);
  Result<void> removexattr(Call& call);

 private:
  // The host's last listing of one directory, for the READDIR that follows (directory.cpp).
  struct Listing {
    uint64_t handle = 0;
    uint64_t next_offset = 0;  // what the guest was told for the entry at `position`
    size_t position = 0;
    size_t filled = 0;
    std::vector<std::byte> entries;
  };
  struct Entry {
    uint64_t inode = 0;
    uint64_t next_offset = 0;
    uint32_t type = 0;  // DT_*
    std::string_view name;
  };

  Server(Config config, OwnDescriptors own, NodeTable::Bounds bounds, size_t handles, size_t lock_owners,
         EventLoop& loop, AnswerLater answer_later);

  // server.cpp: what the operations share.
  Result<void> dispatch(Call& call);
  Result<NodePin> node_of(const Call& call) { return known(call.in.header().nodeid); }
  // ESTALE unless the guest holds `id`.
  Result<NodePin> known(uint64_t id);
  // A directory of the host's in which names can be looked up: not the synthetic root, not veiled.
  Result<NodePin> directory(uint64_t id);
  // EROFS where nothing may be changed.
  static Result<void> check_writable(const Node& node);
  // A descriptor with contents.
  Result<UniqueFd> open_contents(Node& node, int flags);
  [[nodiscard]] static std::chrono::seconds cache_time(const Node& node);
  [[nodiscard]] static fuse_attr attr_of(const Node& node, const struct statx& stat);
  [[nodiscard]] static fuse_entry_out entry_of(const Node& node, const struct statx& stat);
  static Result<void> put_attr(const Node& node, const struct statx& stat, Call& call);
  [[nodiscard]] struct statx root_stat() const;
  Result<struct statx> stat_of(Node& node);

  Result<NodePin> lookup_export(std::string_view name);
  // Makes sure that the file at this name, if the guest knows it, stays reachable when the name goes. EBUSY
  // for a mount point of the host's, whose name must not go.
  Result<NodePin> hold(const NodePin& parent, const fuse::Name& name);
  Result<void> remove_name(Call& call, int flags);
  Result<void> move(Call& call, uint64_t new_parent, uint32_t flags);
  Result<void> put_new_entry(const NodePin& parent, const fuse::Name& name, Call& call);
  Result<void> open_existing(const NodePin& parent, const fuse::Name& name, const fuse_create_in& arguments,
                             Call& call);
  static uint32_t own_flags(const Node& node, uint32_t access);
  Result<void> put_opened(NodePin node, UniqueFd fd, const struct statx& stat, uint32_t access, Call& call);
  void put_beginning(int fd, int flags, Call& call);
  [[nodiscard]] int host_flags(uint32_t flags) const;
  [[nodiscard]] uint32_t listing_flags(Node& node, uint32_t flags) const;
  static uint32_t cache_flags(Node& node, const struct statx& stat);
  Result<ActAs> act_as_caller(const Call& call, uint32_t mask);
  Result<LockTable::Entry*> lock_owner(Node& node, uint64_t owner);
  Result<void> set_lock(Call& call, bool may_wait);
  Result<void> write_pages(const Handle& handle, const Call& call, const fuse_write_in& arguments,
                           uint64_t done);
  Result<void> change(Node& node, const fuse_setattr_in& wanted, const Handle* handle);
  Result<void> list(Call& call, bool with_attributes);
  Result<std::optional<Entry>> next_entry(Handle& handle, uint64_t number, uint64_t offset);
  void advance_listing(uint64_t next_offset);
  [[nodiscard]] std::optional<Entry> next_export(const Node& node, uint64_t offset) const;
  fuse_entry_out look_up_entry(const NodePin& parent, const Handle& handle, const Entry& entry);
  Result<OwnDescriptors::Name> xattr_path(Node& node);

  std::vector<Export> exports_;
  std::map<uint32_t, uint64_t> requests_;  // by opcode, of those there are
  OwnDescriptors own_;
  NodeTable nodes_;
  HandleTable handles_;
  ServedFiles files_;
  ShortCookies cookies_;
  LockTable locks_;
  LockWaiters waiters_;
  bool writeback_cache_;
  bool all_exclusive_;
  // Agreed on by INIT.
  bool is_initialised_ = false;
  bool has_setxattr_ext_ = false;
  bool has_umask_ = false;
  bool is_writeback_agreed_ = false;
  mode_t mask_ = 0;  // the thread's umask
  Listing listing_;
  Call::Buffers buffers_;
};

}  // namespace caisson::vmm::fs
