// SPDX-License-Identifier: Apache-2.0
// [oci] config-linux.md, "Cgroup ownership".
#include "agent/cgroup/delegation.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "agent/proto/agent.pb.h"

namespace caisson::agent {
namespace {

bool has_own_namespace(const v1::CreateContainerRequest& request, uint64_t kind) {
  return std::any_of(
      request.namespaces().begin(), request.namespaces().end(),
      [kind](const v1::Namespace& ns) { return ns.kind() == kind && ns.join_container().empty(); });
}

bool sees_writable_cgroups(const v1::CreateContainerRequest& request) {
  return std::any_of(request.mounts().begin(), request.mounts().end(), [](const v1::Mount& mount) {
    return (mount.type() == "cgroup" || mount.type() == "cgroup2") &&
           mount.destination() == "/sys/fs/cgroup" && (mount.flags() & MS_RDONLY) == 0;
  });
}

// As the guest counts users; none where the id has no mapping, which taking the id will tell.
std::optional<uint32_t> owner_of(const v1::CreateContainerRequest& request) {
  const uint32_t uid = request.init().user().uid();
  if (!has_own_namespace(request, CLONE_NEWUSER)) {
    return uid;
  }
  for (const v1::IdMapping& mapping : request.uid_mappings()) {
    if (uid >= mapping.container_id() && uid - mapping.container_id() < mapping.size()) {
      return mapping.host_id() + (uid - mapping.container_id());
    }
  }
  return std::nullopt;
}

std::string files_to_give() {
  const UniqueFd list(::open("/sys/kernel/cgroup/delegate", O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t size = list ? ::read(list.get(), text.data(), text.size()) : -1;
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size))
                  : "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
}

}  // namespace

Result<void> delegate_cgroup(const Cgroup& cgroup, const v1::CreateContainerRequest& request) {
  if (!has_own_namespace(request, CLONE_NEWCGROUP) || !sees_writable_cgroups(request)) {
    return {};
  }
  const std::optional<uint32_t> owner = owner_of(request);
  constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
  if (owner.value_or(0) == 0) {
    return {};
  }
  if (::fchown(cgroup.directory(), *owner, kSameGroup) < 0) {
    return fail_errno("give cgroup to user " + std::to_string(*owner));
  }
  std::istringstream names(files_to_give());
  for (std::string name; std::getline(names, name);) {
    if (::fchownat(cgroup.directory(), name.c_str(), *owner, kSameGroup, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno != ENOENT) {
      return fail_errno("give cgroup file " + name + " to user " + std::to_string(*owner));
    }
  }
  return {};
}

}  // namespace caisson::agent
