// SPDX-License-Identifier: Apache-2.0
// READDIR and READDIRPLUS: the host's own positions are the offsets, so that they stay good while the
// directory changes; those that are long go by a short number (short_cookies.h).
#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

using fuse::refuse_errno;

namespace {

// The kernel's struct linux_dirent64, which glibc's dirent64 equals on the hosts we run on.
static_assert(offsetof(dirent64, d_off) == 8 && offsetof(dirent64, d_reclen) == 16 &&
              offsetof(dirent64, d_name) == 19);

bool is_dot(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace

// The synthetic root lists the exports, a veiled directory nothing.
std::optional<Server::Entry> Server::next_export(const Node& node, uint64_t offset) const {
  if (offset < 2) {
    return Entry{.inode = node.from == nullptr ? FUSE_ROOT_ID : node.identity.inode,
                 .next_offset = offset + 1,
                 .type = DT_DIR,
                 .name = offset == 0 ? "." : ".."};
  }
  const uint64_t index = offset - 2;
  if (node.from != nullptr || index >= exports_.size()) {
    return std::nullopt;
  }
  // The inode number is the export's own affair; the guest's kernel asks by LOOKUP.
  return Entry{.inode = offset, .next_offset = offset + 1, .type = DT_UNKNOWN, .name = exports_[index].name};
}

// The entry at `offset`, from what is buffered or from the host.
Result<std::optional<Server::Entry>> Server::next_entry(Handle& handle, uint64_t number, uint64_t offset) {
  if (!handle.fd) {
    return next_export(*handle.node, offset);
  }
  Listing& listing = listing_;
  const bool is_next = listing.handle == number && listing.next_offset == offset && offset != 0;
  if (!is_next) {
    const uint64_t position = TRY(cookies_.position(handle.node->id, offset));
    if (::lseek(handle.fd.get(), static_cast<off_t>(position), SEEK_SET) < 0) {
      return refuse_errno();
    }
    listing.handle = number;
    listing.next_offset = offset;
    listing.position = listing.filled = 0;
    listing.entries.resize(kDirectoryBufferBytes);
  }
  if (listing.position == listing.filled) {
    const long count =
        ::syscall(SYS_getdents64, handle.fd.get(), listing.entries.data(), listing.entries.size());
    if (count <= 0) {
      listing.handle = 0;
      if (count == 0 || errno == ENOENT) {  // ENOENT: the directory was removed
        return std::nullopt;
      }
      return refuse_errno();
    }
    listing.position = 0;
    listing.filled = static_cast<size_t>(count);
  }
  const auto* entry = reinterpret_cast<const dirent64*>(listing.entries.data() + listing.position);
  return Entry{.inode = entry->d_ino,
               .next_offset = TRY(cookies_.shorten(handle.node->id, static_cast<uint64_t>(entry->d_off))),
               .type = entry->d_type,
               .name = entry->d_name};
}

// [fuse] Node 0: the kernel looks the name up itself, when it needs to.
fuse_entry_out Server::look_up_entry(const NodePin& parent, const Handle& handle, const Entry& entry) {
  // Of a shared export the kernel could keep none of it.
  if (!handle.fd || is_dot(entry.name) || !parent->from->exclusive) {
    return {};
  }
  const auto stat = stat_at(handle.fd.get(), entry.name.data());
  // A mount point is left to LOOKUP, which finds out what is mounted there.
  if (!stat || stat->stx_mnt_id != parent->identity.mount) {
    return {};
  }
  const auto node = nodes_.remember(parent, entry.name, *stat);
  return node ? entry_of(**node, *stat) : fuse_entry_out{};
}

Result<void> Server::list(Call& call, bool with_attributes) {
  const auto arguments = TRY(call.in.take<fuse_read_in>());
  Handle* handle = TRY(handles_.find(arguments.fh, call.in.header().nodeid, HandleKind::directory));
  // LIMIT: what the kernel asked for, never more than the chain holds.
  uint64_t left = std::min<uint64_t>({arguments.size, call.out.room(), kMaxIoBytes});
  uint64_t offset = arguments.offset;
  while (true) {
    const auto entry = TRY(next_entry(*handle, arguments.fh, offset));
    if (!entry) {
      return {};
    }
    fuse_dirent head{};
    head.ino = entry->inode;
    head.off = entry->next_offset;
    head.namelen = static_cast<uint32_t>(entry->name.size());
    head.type = entry->type;
    const size_t padding = FUSE_DIRENT_SIZE(&head) - FUSE_NAME_OFFSET - entry->name.size();
    const uint64_t size = FUSE_DIRENT_SIZE(&head) + (with_attributes ? sizeof(fuse_entry_out) : 0);
    if (size > left) {
      return {};
    }
    left -= size;
    if (with_attributes) {
      TRY(call.out.put(look_up_entry(handle->node, *handle, *entry)));
    }
    constexpr uint64_t kZero = 0;
    TRY(call.out.put_bytes(std::as_bytes(std::span(&head, 1)).first(FUSE_NAME_OFFSET)));
    TRY(call.out.put_bytes(std::as_bytes(std::span(entry->name))));
    TRY(call.out.put_bytes(std::as_bytes(std::span(&kZero, 1)).first(padding)));
    offset = entry->next_offset;
    if (handle->fd) {
      advance_listing(offset);
    }
  }
}

void Server::advance_listing(uint64_t next_offset) {
  if (listing_.handle != 0 && listing_.position < listing_.filled) {
    listing_.position +=
        reinterpret_cast<const dirent64*>(listing_.entries.data() + listing_.position)->d_reclen;
    listing_.next_offset = next_offset;
  }
}

Result<void> Server::readdir(Call& call) {
  return list(call, false);
}

Result<void> Server::readdirplus(Call& call) {
  return list(call, true);
}

}  // namespace caisson::vmm::fs
