// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/mount_points.h"

#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "common/link_in_root.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/system/creation_identity.h"

namespace caisson::runtime {
namespace {

// Whose a place becomes: of the container's root, as the guest counts users, who makes the others.
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

enum class Kind { directory, file };

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

const HostExport* find_export(const Exports& exports, const std::string& name) {
  const auto& entries = exports.entries();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const HostExport& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

// By what was opened, whatever its name leads to by now.
Kind kind_of(const Exports& exports, const agent::v1::Mount& mount) {
  const HostExport* source =
      mount.export_name().empty() ? nullptr : find_export(exports, mount.export_name());
  struct stat info {};
  return source != nullptr && ::fstat(source->fd.get(), &info) == 0 && !S_ISDIR(info.st_mode)
             ? Kind::file
             : Kind::directory;
}

// Whether the place is new.
Result<bool> make_place(int root, const std::string& path, Kind kind, LastLink last) {
  const auto place = resolve_place_in_root(
      root, path, kind == Kind::file ? Missing::make_file : Missing::make_directory, last);
  if (place) {
    return place->made;
  }
  // A root on a read-only file system may hold all that is needed; if not, the guest names what is missing.
  return place.error().code == EROFS
             ? Result<bool>(false)
             : tl::unexpected(with_context("make mount point " + path, place.error()));
}

}  // namespace

Result<void> make_mount_points(const Exports& exports, const oci::Config& config,
                               const std::string& notify_directory,
                               agent::v1::CreateContainerRequest& request) {
  const HostExport* root = find_export(exports, request.root().export_name());
  if (root == nullptr) {
    return fail(EINVAL, "make mount points: the root file system is not exported");
  }
  const Owner owner = owner_of_places(config);
  const CreationIdentity as_owner = TRY(CreationIdentity::assume(owner.uid, owner.gid));
  std::vector<std::string> covered;
  const auto is_covered = [&](const std::string& path) {
    return std::any_of(covered.begin(), covered.end(),
                       [&](const std::string& other) { return is_beneath(path, other); });
  };
  // What the guest will have to make, it makes.
  const auto make_link = [&](const std::string& path, const std::string& target) -> Result<void> {
    auto made = is_covered(path) ? Result<void>{} : make_link_in_root(root->fd.get(), path, target);
    return made || made.error().code == EROFS
               ? Result<void>{}
               : tl::unexpected(with_context("make link " + path, made.error()));
  };
  const auto make = [&](const std::string& path, Kind kind,
                        LastLink last = LastLink::follow) -> Result<bool> {
    return path == "/" || is_covered(path) ? Result<bool>(false)
                                           : make_place(root->fd.get(), path, kind, last);
  };
  for (agent::v1::Mount& mount : *request.mutable_mounts()) {
    const std::string destination = normalized(mount.destination());
    if (!mount.link_target().empty()) {
      TRY(make_link(destination, mount.link_target()));
      continue;
    }
    const LastLink last = mount.keep_destination_link() ? LastLink::keep : LastLink::follow;
    mount.set_place_is_new(TRY(make(destination, kind_of(exports, mount), last)));
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
  for (const agent::v1::Device& device : request.devices()) {
    // The guest binds a node of its own there.
    TRY(make(normalized(device.path()), Kind::file));
  }
  if (config.process) {
    TRY(make(normalized(config.process->cwd), Kind::directory));
  }
  return {};
}

}  // namespace caisson::runtime
