// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/tree.h"

#include <dirent.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/cgroup/members.h"

namespace caisson::runtime {
namespace {

// LIMIT: levels beneath a container's cgroup; systemd makes three or four.
constexpr int kMaxDepth = 64;
// LIMIT: tries of one that gets children or processes again while we remove it.
constexpr int kMaxTries = 16;

Result<std::vector<std::string>> children_of(const std::string& directory) {
  struct Close {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  std::vector<std::string> children;
  const std::unique_ptr<DIR, Close> stream(::opendir(directory.c_str()));
  if (!stream) {
    return errno == ENOENT ? Result<std::vector<std::string>>(std::move(children))
                           : fail_errno("open cgroup " + directory);
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_type == DT_DIR && std::strcmp(entry->d_name, ".") != 0 &&
        std::strcmp(entry->d_name, "..") != 0) {
      children.push_back(directory + "/" + entry->d_name);
    }
  }
  return children;
}

Result<void> remove_at_depth(const std::string& directory, int depth) {
  if (depth > kMaxDepth) {
    return fail(ELOOP, "remove cgroup " + directory + ": there are more than " + std::to_string(kMaxDepth) +
                           " levels above it; remove it by hand, then delete the container again");
  }
  int error = 0;
  for (int i = 0; i < kMaxTries; ++i) {
    // Its own first: they may be what makes others.
    TRY(empty_cgroup(directory));
    for (const std::string& child : TRY(children_of(directory))) {
      TRY(remove_at_depth(child, depth + 1));
    }
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) {
      return {};
    }
    error = errno;
    if (error != EBUSY && error != ENOTEMPTY) {
      break;
    }
  }
  return fail_errno("remove cgroup " + directory, error);
}

}  // namespace

Result<void> remove_cgroup_tree(const std::string& directory) {
  return remove_at_depth(directory, 0);
}

}  // namespace caisson::runtime
