// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/served_files.h"

#include <algorithm>

#include "vmm/virtio/fs/export.h"
#include "vmm/virtio/fs/limits.h"

namespace caisson::vmm::fs {

using fuse::refuse;

Result<void> ServedFiles::add(const std::string& name, UniqueFd fd, Giver giver) {
  TRY(Export::check_name(name));
  const std::string what = "serve file '" + name + "'";
  auto file = ServedFile::create(std::move(fd));
  if (!file) {
    return fail(file.error().code, what + ": " + file.error().message);
  }
  const std::scoped_lock lock(mutex_);
  if (files_.size() >= kMaxServedFiles) {
    return fail(EMFILE, what + ": the container has " + std::to_string(kMaxServedFiles) +
                            " files of its callers open; close some in it, or give a pipe");
  }
  if (std::ranges::any_of(files_, [&](const auto& entry) { return entry.second->name == name; })) {
    return fail(EEXIST, what + ": the name is in use");
  }
  file->show_inode(shown_inode_of(*file, next_id_));
  files_.emplace(next_id_++, std::make_shared<Listed>(name, giver, std::move(*file)));
  return {};
}

// Programs compare what they read with what they write (cat, cp): one file shows one number.
uint64_t ServedFiles::shown_inode_of(const ServedFile& file, uint64_t id) const {
  const auto same =
      std::ranges::find_if(files_, [&](const auto& entry) { return entry.second->file.is_same(file); });
  // Small enough for 32-bit programs, and far from what file systems begin with.
  constexpr uint64_t kFirstInode = 0xf000'0000;
  return same == files_.end() ? kFirstInode + (id - kFirstNode) % 0x0fff'ffff
                              : same->second->file.shown_inode();
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

std::shared_ptr<ServedFiles::Listed> ServedFiles::find(uint64_t id) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(id);
  return found == files_.end() ? nullptr : found->second;
}

std::optional<Result<fuse_entry_out>> ServedFiles::lookup(std::string_view name) {
  uint64_t id = 0;
  std::shared_ptr<Listed> listed;
  {
    const std::scoped_lock lock(mutex_);
    const auto found =
        std::ranges::find_if(files_, [&](const auto& entry) { return entry.second->name == name; });
    if (found == files_.end()) {
      return std::nullopt;
    }
    id = found->first;
    listed = found->second;
  }
  return listed->file.shown_stat().map([id](const struct statx& stat) {
    // Valid for no time: neither is the name looked up twice, nor would the size stay what it is.
    fuse_entry_out entry{};
    entry.nodeid = id;
    entry.attr = fuse::to_attr(stat);
    return entry;
  });
}

Result<void> ServedFiles::serve(Call& call) {
  const uint64_t id = call.in.header().nodeid;
  // Held on to, for the last RELEASE takes it out of the table.
  const std::shared_ptr<Listed> listed = find(id);
  if (!listed) {
    return refuse(ESTALE);
  }
  const uint32_t opcode = call.in.header().opcode;
  if (opcode == FUSE_RELEASE) {
    return release(id, *listed);
  }
  TRY(listed->file.serve(call));
  if (opcode == FUSE_OPEN) {
    const std::scoped_lock lock(mutex_);
    ++listed->opens;
    listed->was_opened = true;
  }
  return {};
}

Result<void> ServedFiles::release(uint64_t id, Listed& listed) {
  const std::scoped_lock lock(mutex_);
  if (listed.opens == 0) {
    return refuse(EBADF);
  }
  if (--listed.opens == 0) {
    files_.erase(id);
  }
  return {};
}

}  // namespace caisson::vmm::fs
