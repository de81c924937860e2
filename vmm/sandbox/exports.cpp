// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/exports.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>
#include <string_view>

namespace caisson::vmm {
namespace {

// glibc 2.36 has wrappers for these, in a header that clashes with linux/mount.h.
int open_tree(int fd, unsigned flags) {
  return static_cast<int>(::syscall(SYS_open_tree, fd, "", flags));
}

int set_attributes(int fd, unsigned flags, mount_attr& attributes) {
  return static_cast<int>(::syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof(attributes)));
}

// The kernel enforces what the server promises: no write through a read-only export, no device node opened.
// Private: a mount made on the copy must not appear on the host.
Result<void> restrict_mount(int tree, const LaunchSpec::Export& entry) {
  const unsigned recursion = entry.recursive ? AT_RECURSIVE : 0U;
  const unsigned read_only = entry.read_only ? MOUNT_ATTR_RDONLY : 0U;
  mount_attr of_all{};
  of_all.attr_set = MOUNT_ATTR_NODEV | (entry.writable_beneath ? 0U : read_only);
  of_all.propagation = MS_PRIVATE;
  mount_attr of_top{};
  of_top.attr_set = read_only;
  if (set_attributes(tree, AT_EMPTY_PATH | recursion, of_all) < 0 ||
      set_attributes(tree, AT_EMPTY_PATH, of_top) < 0) {
    return fail_errno("restrict export " + entry.name);
  }
  return {};
}

// A copy of the export's mount, in no namespace.
Result<UniqueFd> copy_mount(const LaunchSpec::Export& entry) {
  const unsigned recursion = entry.recursive ? AT_RECURSIVE : 0U;
  UniqueFd tree(open_tree(entry.fd, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursion));
  if (!tree) {
    return fail_errno("detach export " + entry.name);
  }
  TRY(restrict_mount(tree.get(), entry));
  return tree;
}

// Of a mount that is in no namespace Linux makes copies only since 6.15; before, the host does not see it.
Result<UniqueFd> copy_for_view(const LaunchSpec::Export& entry) {
  auto copy = copy_mount(entry);
  return !copy && entry.detached && copy.error().code == EINVAL ? Result<UniqueFd>(UniqueFd())
                                                                : std::move(copy);
}

Result<UniqueFd> take_mount(const LaunchSpec::Export& entry) {
  UniqueFd given(entry.fd);
  if (!entry.detached) {
    return copy_mount(entry);
  }
  TRY(restrict_mount(given.get(), entry));
  return given;
}

}  // namespace

Result<DetachedExports> detach_exports(const LaunchSpec& spec) {
  DetachedExports detached;
  detached.served.reserve(spec.exports.size());
  detached.view.reserve(spec.view.size());
  std::map<std::string_view, const LaunchSpec::Export*> by_name;
  for (const LaunchSpec::Export& entry : spec.exports) by_name.emplace(entry.name, &entry);
  for (const LaunchSpec::ViewMount& mount : spec.view) {
    const auto shown = by_name.find(mount.export_name);
    detached.view.push_back(
        {.destination = mount.destination,
         .tree = shown == by_name.end() ? UniqueFd() : TRY(copy_for_view(*shown->second))});
  }
  for (const LaunchSpec::Export& entry : spec.exports) {
    if (entry.socket_port != 0) {
      detached.sockets.push_back({.port = entry.socket_port, .tree = TRY(copy_mount(entry))});
    }
    detached.served.push_back({.name = entry.name,
                               .fd = TRY(take_mount(entry)),
                               // The server knows no mounts; of one that differs the kernel's word is enough.
                               .read_only = entry.read_only && !entry.writable_beneath,
                               .exclusive = entry.exclusive});
  }
  return detached;
}

}  // namespace caisson::vmm
