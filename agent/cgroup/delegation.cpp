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

#include "agent/ids/id_map.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

bool sees_writable_cgroups(const v1::CreateContainerRequest& request) {
  return std::any_of(request.mounts().begin(), request.mounts().end(), [](const v1::Mount& mount) {
    return (mount.type() == "cgroup" || mount.type() == "cgroup2") &&
           mount.destination() == "/sys/fs/cgroup" && (mount.flags() & MS_RDONLY) == 0;
  });
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
  if (!makes_namespace(request, CLONE_NEWCGROUP) || !sees_writable_cgroups(request)) {
    return {};
  }
  const std::optional<uint32_t> owner = uid_in_guest(request, request.init().user().uid());
  constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
  if (owner.value_or(0) == 0) {
    return {};
  }
  if (::fchown(cgroup.directory(), *owner, kSameGroup) < 0) {
    return fail_errno("give cgroup to user " + std::to_string(*owner));
  }
  const std::string names = files_to_give();
  for (size_t start = 0; start < names.size();) {
    const size_t end = std::min(names.find('\n', start), names.size());
    const std::string name = names.substr(start, end - start);
    start = end + 1;
    if (::fchownat(cgroup.directory(), name.c_str(), *owner, kSameGroup, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno != ENOENT) {
      return fail_errno("give cgroup file " + name + " to user " + std::to_string(*owner));
    }
  }
  return {};
}

}  // namespace caisson::agent
