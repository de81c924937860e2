// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/mount_points.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <vector>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

// Whose a place becomes: container root's, as the guest counts users, who makes the others.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

uint32_t of_root(const std::vector<oci::IdMapping>& mappings) {
  const auto root = std::find_if(mappings.begin(), mappings.end(),
                                 [](const oci::IdMapping& mapping) { return mapping.container_id == 0; });
  return root == mappings.end() || root->size == 0 ? 0 : root->host_id;
}

Owner owner_of_places(const oci::Config& config) {
  return config.linux_.find_namespace(CLONE_NEWUSER) == nullptr
             ? Owner{}
             : Owner{.uid = of_root(config.linux_.uid_mappings), .gid = of_root(config.linux_.gid_mappings)};
}

// A tmpfs takes the mode of the directory it hides; one that hides nothing is for everybody, as /tmp is.
enum class Kind { directory, open_directory, file };

UniqueFd open_inside(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? 0644 : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how))));
}

// LIMIT: links in a path; the kernel's own MAXSYMLINKS.
constexpr int kMaxLinks = 40;

std::optional<std::string> read_link(int parent, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(parent, name.c_str(), target.data(), target.size());
  if (size <= 0 || size >= static_cast<ssize_t>(target.size())) {
    return std::nullopt;
  }
  return std::string(target.data(), static_cast<size_t>(size));
}

// Walks down component by component, always from the root, so that links are followed inside it. A link that
// leads nowhere gets what it leads to.
Result<void> make_path(int root, const std::string& path, Kind kind, const Owner& owner, int links = 0) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const bool is_last = end == std::string::npos;
    const std::string prefix = path.substr(0, end);
    if (!open_inside(root, prefix, O_PATH)) {
      if (errno != ENOENT) {
        return fail_errno("look up mount point " + prefix);
      }
      const size_t slash = prefix.rfind('/');
      const UniqueFd parent =
          open_inside(root, slash == 0 ? "/" : prefix.substr(0, slash), O_PATH | O_DIRECTORY);
      const std::string name = prefix.substr(slash + 1);
      const bool make_file = is_last && kind == Kind::file;
      const int made = !parent     ? -1
                       : make_file ? ::mknodat(parent.get(), name.c_str(), S_IFREG | 0644, 0)
                                   : ::mkdirat(parent.get(), name.c_str(), 0755);
      if (made < 0 && errno != EEXIST) {
        return fail_errno("make mount point " + prefix);
      }
      if (made == 0 && (owner.uid != 0 || owner.gid != 0) &&
          ::fchownat(parent.get(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0) {
        return fail_errno("give mount point " + prefix + " to the container's root");
      }
      if (const auto target = made < 0 ? read_link(parent.get(), name) : std::nullopt) {
        if (links == kMaxLinks) {
          return fail_errno("make mount point " + prefix, ELOOP);
        }
        const std::string through =
            target->starts_with('/') ? *target : prefix.substr(0, slash + 1) + *target;
        return make_path(root, through + (is_last ? "" : path.substr(end)), kind, owner, links + 1);
      }
      if (made == 0 && is_last && kind == Kind::open_directory &&
          ::fchmodat(parent.get(), name.c_str(), 01777, 0) < 0) {
        return fail_errno("open mount point " + prefix + " to everybody");
      }
    }
    if (is_last) {
      return {};
    }
  }
}

std::string normalized(const std::string& path) {
  std::string clean;
  std::string rest = path;
  while (!rest.empty()) {
    const std::string component = rest.substr(0, rest.find('/'));
    rest.erase(0, component.size() + 1);
    if (!component.empty() && component != ".") {
      clean += "/" + component;
    }
  }
  return clean.empty() ? "/" : clean;
}

bool is_beneath(const std::string& path, const std::string& directory) {
  return path.starts_with(directory == "/" ? directory : directory + "/");
}

Kind kind_of(const oci::Mount& mount, const std::string& bundle) {
  if (mount.type == "tmpfs") {
    return Kind::open_directory;
  }
  const bool is_bind = mount.type == "bind" ||
                       std::find(mount.options.begin(), mount.options.end(), "bind") != mount.options.end() ||
                       std::find(mount.options.begin(), mount.options.end(), "rbind") != mount.options.end();
  struct stat info {};
  const std::string source = mount.source.starts_with('/') ? mount.source : bundle + "/" + mount.source;
  return is_bind && ::stat(source.c_str(), &info) == 0 && !S_ISDIR(info.st_mode) ? Kind::file
                                                                                 : Kind::directory;
}

}  // namespace

Result<void> make_mount_points(const std::string& rootfs, const oci::Config& config,
                               const std::string& bundle, const std::string& notify_directory) {
  const UniqueFd root(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    return fail_errno("open root file system " + rootfs);
  }
  const Owner owner = owner_of_places(config);
  std::vector<std::string> covered;
  const auto make = [&](const std::string& path, Kind kind) -> Result<void> {
    const bool is_covered = std::any_of(covered.begin(), covered.end(),
                                        [&](const std::string& other) { return is_beneath(path, other); });
    if (path == "/" || is_covered) {
      return {};
    }
    auto made = make_path(root.get(), path, kind, owner);
    // A root on a read-only file system may hold all that is needed; if not, the guest names what is missing.
    return !made && made.error().code == EROFS ? Result<void>() : made;
  };
  for (const oci::Mount& mount : config.mounts) {
    const std::string destination = normalized(mount.destination);
    TRY(make(destination, kind_of(mount, bundle)));
    covered.push_back(destination);
  }
  if (!notify_directory.empty()) {
    TRY(make(normalized(notify_directory), Kind::directory));
  }
  if (config.root.read_only) {
    // Where no mount is on it, the guest puts its devices there on a tmpfs.
    TRY(make("/dev", Kind::directory));
    covered.emplace_back("/dev");
  }
  for (const oci::Device& device : config.linux_.devices) {
    // The guest binds a node of its own there.
    TRY(make(normalized(device.path), Kind::file));
  }
  return config.process ? make(normalized(config.process->cwd), Kind::directory) : Result<void>();
}

}  // namespace caisson::runtime
