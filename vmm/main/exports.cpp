// SPDX-License-Identifier: Apache-2.0
#include "vmm/main/exports.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::vmm {
namespace {

// glibc 2.36 has wrappers for these, in a header that clashes with linux/mount.h.
int open_tree(int fd, unsigned flags) {
  return static_cast<int>(::syscall(SYS_open_tree, fd, "", flags));
}

int set_attributes(int fd, unsigned flags, mount_attr& attributes) {
  return static_cast<int>(::syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof(attributes)));
}

Result<fs::Export> detach(const LaunchSpec::Export& entry) {
  const UniqueFd given(entry.fd);
  const unsigned recursion = entry.recursive ? AT_RECURSIVE : 0U;
  UniqueFd tree(open_tree(given.get(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursion));
  if (!tree) {
    return fail_errno("detach export " + entry.name);
  }
  // The kernel enforces what the server promises: no write through a read-only export, no device node opened.
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NODEV | (entry.read_only ? MOUNT_ATTR_RDONLY : 0U);
  if (set_attributes(tree.get(), AT_EMPTY_PATH | recursion, attributes) < 0) {
    return fail_errno("restrict export " + entry.name);
  }
  return fs::Export{
      .name = entry.name, .fd = std::move(tree), .read_only = entry.read_only, .exclusive = entry.exclusive};
}

}  // namespace

Result<std::vector<fs::Export>> detach_exports(const std::vector<LaunchSpec::Export>& exports) {
  std::vector<fs::Export> detached;
  detached.reserve(exports.size());
  for (const LaunchSpec::Export& entry : exports) {
    detached.push_back(TRY(detach(entry)));
  }
  return detached;
}

}  // namespace caisson::vmm
