// SPDX-License-Identifier: Apache-2.0
// /dev of the container: the nodes and links [oci] config-linux.md "Default Devices" asks for, those of
// config.json, and /dev/console.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "agent/child/child.h"
#include "agent/mounts/mount_fd.h"
#include "agent/mounts/spare_nodes.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

struct Node {
  std::string path;
  mode_t type = S_IFCHR;
  mode_t mode = 0666;
  dev_t number = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct DefaultNode {
  const char* path;
  unsigned major;
  unsigned minor;
};
constexpr std::array kDefaultNodes = {
    DefaultNode{"/dev/null", 1, 3}, DefaultNode{"/dev/random", 1, 8}, DefaultNode{"/dev/full", 1, 7},
    DefaultNode{"/dev/tty", 5, 0},  DefaultNode{"/dev/zero", 1, 5},   DefaultNode{"/dev/urandom", 1, 9},
};

struct Link {
  const char* path;
  const char* target;
};
constexpr std::array kLinks = {
    Link{"/dev/fd", "/proc/self/fd"},
    Link{"/dev/stdin", "/proc/self/fd/0"},
    Link{"/dev/stdout", "/proc/self/fd/1"},
    Link{"/dev/stderr", "/proc/self/fd/2"},
};

struct Place {
  UniqueFd directory;
  std::string name;
};

Result<Place> place_of(const Child& child, const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) {
    return fail(EINVAL, "path is not absolute");
  }
  std::string name = path.substr(slash + 1);
  if (name == "." || name == "..") {
    return fail(EINVAL, "path does not end in a name");
  }
  return Place{
      .directory = TRY(resolve_in_root(child.root.get(), path.substr(0, slash), Missing::make_directory)),
      .name = std::move(name)};
}

// The rest of /dev is the host's or the guest's own when it is bind-mounted: nothing is made in it.
bool owns_dev(const v1::CreateContainerRequest& request) {
  return std::none_of(request.mounts().begin(), request.mounts().end(), [](const v1::Mount& mount) {
    return (mount.destination() == "/dev" || mount.destination() == "/dev/") &&
           (!mount.export_name().empty() || mount.type() == "bind");
  });
}

bool is_in_dev(const v1::Mount& mount) {
  return mount.destination() == "/dev" || mount.destination().starts_with("/dev/");
}

// Where nodes cannot be made (a user namespace, an export of the host) one of the guest's is bound instead.
Result<void> bind_node(const Child& child, const std::string& path, const std::string& spare) {
  const UniqueFd source = TRY(clone_mount(AT_FDCWD, spare, false));
  return attach_mount(source, TRY(resolve_in_root(child.root.get(), path, Missing::make_file)).get());
}

// `spare` is what to bind where no node can be made.
Result<void> make_node(const Child& child, const Node& node, const std::string& spare) {
  const Place place = TRY(place_of(child, node.path));
  if (::mknodat(place.directory.get(), place.name.c_str(), node.type | node.mode, node.number) < 0) {
    const int code = errno;
    struct stat info {};
    if (code == EEXIST &&
        ::fstatat(place.directory.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(info.st_mode)) {
      return {};
    }
    errno = code;  // a file is the place the host has made for it, on a root that the guest cannot write
    return errno == EPERM || errno == EROFS || errno == EEXIST ? bind_node(child, node.path, spare)
                                                               : fail_errno("make node");
  }
  if (::fchownat(place.directory.get(), place.name.c_str(), node.uid, node.gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_errno("set owner");
  }
  return {};
}

Result<Node> node_of(const v1::Device& device) {
  const mode_t type = device.type();
  if (type != S_IFCHR && type != S_IFBLK && type != S_IFIFO) {
    return fail(EINVAL, "unknown type");
  }
  return Node{.path = device.path(),
              .type = type,
              .mode = (device.has_file_mode() ? device.file_mode() : 0666) & 07777,
              .number = makedev(device.major_number(), device.minor_number()),
              .uid = device.uid(),
              .gid = device.gid()};
}

Result<void> make_link(const Child& child, const Link& link) {
  const Place place = TRY(place_of(child, link.path));
  if (::symlinkat(link.target, place.directory.get(), place.name.c_str()) < 0 && errno != EEXIST) {
    return fail_errno("make symlink");
  }
  return {};
}

Result<void> make_ptmx(const Child& child) {
  const Place place = TRY(place_of(child, "/dev/ptmx"));
  ::unlinkat(place.directory.get(), place.name.c_str(), 0);
  if (::symlinkat("pts/ptmx", place.directory.get(), place.name.c_str()) < 0 && errno != EEXIST) {
    return fail_errno("make symlink");
  }
  return {};
}

Result<void> mount_dev(const Child& child) {
  const UniqueFd mount = TRY(new_filesystem(
      {.type = "tmpfs", .source = "tmpfs", .data = "mode=755,size=64k", .flags = MS_NOSUID | MS_NOEXEC}));
  return attach_mount(mount, TRY(resolve_in_root(child.root.get(), "/dev", Missing::make_directory)).get());
}

}  // namespace

bool has_dev_of_ours(const v1::CreateContainerRequest& request) {
  return request.root().read_only() &&
         std::none_of(request.mounts().begin(), request.mounts().end(), is_in_dev);
}

Result<void> make_devices(Child& child) {
  const v1::CreateContainerRequest& request = *child.plan.container;
  if (!owns_dev(request)) {
    return {};
  }
  if (has_dev_of_ours(request)) {
    TRY_CONTEXT("mount /dev", mount_dev(child));
  }
  for (int i = 0; i < request.devices_size(); ++i) {
    const v1::Device& device = request.devices(i);
    const Node node = TRY_CONTEXT("make device " + device.path(), node_of(device));
    TRY_CONTEXT("make device " + device.path(), make_node(child, node, spare_node(request.container(), i)));
  }
  for (const DefaultNode& node : kDefaultNodes) {
    TRY_CONTEXT(
        std::string("make device ") + node.path,
        make_node(child, Node{.path = node.path, .number = makedev(node.major, node.minor)}, node.path));
  }
  for (const Link& link : kLinks) {
    TRY_CONTEXT(std::string("make ") + link.path, make_link(child, link));
  }
  if (resolve_in_root(child.root.get(), "/proc/kcore")) {
    TRY_CONTEXT("make /dev/core", make_link(child, {.path = "/dev/core", .target = "/proc/kcore"}));
  }
  TRY_CONTEXT("make /dev/ptmx", make_ptmx(child));
  return {};
}

Result<void> bind_console(Child& child) {
  if (!child.terminal || !owns_dev(*child.plan.container)) {
    return {};
  }
  const UniqueFd source = TRY_CONTEXT("bind /dev/console", clone_mount(child.terminal.get(), "", false));
  const UniqueFd target =
      TRY_CONTEXT("bind /dev/console", resolve_in_root(child.root.get(), "/dev/console", Missing::make_file));
  TRY_CONTEXT("bind /dev/console", attach_mount(source, target.get()));
  return {};
}

}  // namespace caisson::agent
