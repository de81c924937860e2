// SPDX-License-Identifier: Apache-2.0
// The container's root: an export, or a throw-away layer above one; entering it for good.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/child/child.h"
#include "agent/mounts/exports.h"
#include "agent/mounts/mount_fd.h"
#include "agent/mounts/tmpfs_size.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open " + path);
  }
  return fd;
}

Result<void> attach_at(const UniqueFd& mount, const std::string& path) {
  return attach_mount(mount, TRY(open_directory(path)).get());
}

// A tmpfs at the mount point holds the layers; the merged tree is its child "root".
Result<std::string> mount_layers(const UniqueFd& lower, const v1::CreateContainerRequest& request,
                                 const std::string& mount_point) {
  std::string data = "mode=0755";
  if (request.root().overlay_size() != 0) {
    data += ",size=" + std::to_string(request.root().overlay_size());
  }
  data = with_tmpfs_size(std::move(data), request);
  TRY(attach_at(TRY(new_filesystem({.type = "tmpfs", .source = "layer", .data = data})), mount_point));
  for (const char* name : {"/lower", "/upper", "/work", "/root"}) {
    if (::mkdir((mount_point + name).c_str(), 0755) < 0) {
      return fail_errno("make layer directory");
    }
  }
  TRY(attach_at(lower, mount_point + "/lower"));
  const UniqueFd merged =
      TRY(new_filesystem({.type = "overlay",
                          .source = "overlay",
                          .data = "lowerdir=" + mount_point + "/lower,upperdir=" + mount_point +
                                  "/upper,workdir=" + mount_point + "/work"}));
  TRY(attach_at(merged, mount_point + "/root"));
  return mount_point + "/root";
}

Result<void> make_mount_read_only(int root) {
  return change_mount(root, {.set = MOUNT_ATTR_RDONLY});
}

}  // namespace

Result<void> part_from_guest_mounts(Child& child) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0) {
    return fail_errno("part from the guest's mounts");
  }
  child.exports = TRY(open_directory(child.plan.exports));
  return {};
}

Result<void> mount_root(Child& child) {
  const v1::Root& root = child.plan.container->root();
  TRY(check_export_name(root.export_name()));
  std::string path = child.plan.mount_point;
  const UniqueFd mount =
      TRY_CONTEXT("mount root", clone_mount(child.exports.get(), root.export_name(), true));
  if (root.ephemeral_overlay()) {
    path = TRY_CONTEXT("mount throw-away layer", mount_layers(mount, *child.plan.container, path));
  } else {
    TRY_CONTEXT("mount root", attach_at(mount, path));
  }
  child.root = TRY(open_directory(path));
  return {};
}

// pivot_root(2), "pivot_root(".", ".")": the old root ends up stacked on the new one and is then let go.
Result<void> change_root(Child& child) {
  const UniqueFd old_root = TRY(open_directory("/"));
  if (::fchdir(child.root.get()) < 0 || ::syscall(SYS_pivot_root, ".", ".") < 0) {
    return fail_errno("pivot root");
  }
  if (::fchdir(old_root.get()) < 0 || ::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) < 0 ||
      ::umount2(".", MNT_DETACH) < 0 || ::chdir("/") < 0) {
    return fail_errno("let go of the old root");
  }
  child.exports.reset();
  child.root = TRY(open_directory("/"));
  return {};
}

Result<void> enter_existing_root(Child& child) {
  child.root = TRY(open_directory("/"));
  return {};
}

Result<void> seal_root(Child& child) {
  const v1::CreateContainerRequest& request = *child.plan.container;
  if (request.rootfs_propagation() != 0 &&
      ::mount(nullptr, "/", nullptr, static_cast<unsigned long>(request.rootfs_propagation()), nullptr) < 0) {
    return fail_errno("set propagation of the root");
  }
  if (has_dev_of_ours(request)) {
    TRY_CONTEXT("make /dev read-only", make_mount_read_only(TRY(open_directory("/dev")).get()));
  }
  for (const v1::Mount& mount : request.mounts()) {
    // It had to be writable for its devices.
    if (mount.destination() == "/dev" && mount.type() == "tmpfs" && (mount.flags() & MS_RDONLY) != 0) {
      TRY_CONTEXT("make /dev read-only", make_mount_read_only(TRY(open_directory("/dev")).get()));
    }
  }
  if (request.root().read_only()) {
    TRY_CONTEXT("make the root read-only", make_mount_read_only(child.root.get()));
  }
  return {};
}

}  // namespace caisson::agent
