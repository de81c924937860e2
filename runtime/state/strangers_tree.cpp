// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/strangers_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

struct Close {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, Close>;

Result<Directory> open_directory(int at, const char* name) {
  UniqueFd fd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!directory) {
    return fail_errno(std::string("open directory ") + name);
  }
  (void)fd.release();  // the stream's
  return directory;
}

// The next entry but "." and ".."; nullptr at the end.
const char* next_name(DIR* directory) {
  const dirent* entry = ::readdir(directory);
  while (entry != nullptr &&
         (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0)) {
    entry = ::readdir(directory);
  }
  return entry == nullptr ? nullptr : entry->d_name;
}

// Takes away an entry that is not a directory, or an empty one; false for one that is not empty.
Result<bool> remove_entry(int at, const char* name) {
  if (::unlinkat(at, name, 0) == 0 || errno == ENOENT) {
    return true;
  }
  if (errno == EISDIR || errno == EPERM) {
    if (::unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
      return true;
    }
    if (errno == ENOTEMPTY || errno == EEXIST) {
      return false;
    }
  }
  return fail_errno(std::string("remove ") + name);
}

// The directories in it become its neighbours, by names that nothing there has.
Result<void> flatten(int top, const char* name, uint64_t& moved) {
  const Directory directory = TRY(open_directory(top, name));
  const int at = ::dirfd(directory.get());
  while (const char* entry = next_name(directory.get())) {
    while (!TRY(remove_entry(at, entry))) {
      const std::string free = "." + std::to_string(moved++);
      if (::renameat2(at, entry, top, free.c_str(), RENAME_NOREPLACE) < 0) {
        if (errno != EEXIST) {
          return fail_errno(std::string("move ") + entry);
        }
        continue;
      }
      break;
    }
  }
  return {};
}

}  // namespace

Result<void> remove_strangers_tree(const std::string& path) {
  auto top = open_directory(AT_FDCWD, path.c_str());
  if (!top) {
    return top.error().code == ENOENT ? Result<void>() : tl::unexpected(std::move(top).error());
  }
  const int at = ::dirfd(top->get());
  uint64_t moved = 0;
  // Every round takes away at least the entries it saw, and leaves those that it moved up.
  for (bool is_empty = false; !is_empty; ::rewinddir(top->get())) {
    is_empty = true;
    while (const char* name = next_name(top->get())) {
      is_empty = false;
      const std::string entry = name;
      while (!TRY(remove_entry(at, entry.c_str()))) {
        TRY(flatten(at, entry.c_str(), moved));
      }
    }
  }
  if (::rmdir(path.c_str()) < 0 && errno != ENOENT) {
    return fail_errno("remove " + path);
  }
  return {};
}

}  // namespace caisson::runtime
