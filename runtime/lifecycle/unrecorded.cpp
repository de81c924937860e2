// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/unrecorded.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "runtime/cgroup/cgroup_path.h"
#include "runtime/cgroup/hierarchies.h"
#include "runtime/lifecycle/destroy.h"
#include "runtime/oci/config.h"
#include "runtime/system/unix_socket.h"

namespace caisson::runtime {
namespace {

// Who listens there; pid 0: nobody does, or nobody whom this pid namespace knows.
pid_t server_of(const std::string& socket) {
  const auto connection = connect_unix(socket);
  ucred peer{};
  socklen_t size = sizeof(peer);
  return connection && ::getsockopt(connection->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid
                                                                                                   : 0;
}

// The directory is nobody's but ours: the socket there is of the caisson-vmm that we started.
ProcessIdentity machine_of(const ContainerDirectory& directory) {
  for (const std::string& socket : {directory.control_socket(), directory.vsock_socket()}) {
    const pid_t pid = server_of(socket);
    const auto identity = ProcessIdentity::of(pid);
    // ORDERING: the process first, then the question again: if it still serves, it is the one we looked at.
    if (pid != 0 && identity && server_of(socket) == pid) {
      return *identity;
    }
  }
  return {};
}

// Each only if nobody is in it: whether we made it, nobody knows any more.
void remove_empty_cgroups(const std::string& path) {
  const auto host = find_cgroup_hierarchies();
  if (!host) {
    spdlog::warn("look for the container's cgroups: {}", host.error().message);
    return;
  }
  std::set<std::string> mounts;
  for (const auto& [controller, mount] : host->v1) mounts.insert(mount);
  if (host->v2) mounts.insert(*host->v2);
  for (const std::string& mount : mounts) {
    if (::rmdir((mount + path).c_str()) < 0 && errno != ENOENT) {
      spdlog::warn("remove {}: {}; look whose it is, and remove it", mount + path, std::strerror(errno));
    }
  }
}

Result<oci::Config> configuration(const ContainerDirectory& directory) {
  return oci::parse_config(TRY(directory.read("config.json")));
}

}  // namespace

Result<void> destroy_unrecorded(const StateRoot& root, const ContainerDirectory& directory,
                                const std::string& id, bool is_forced) {
  ContainerState state;
  state.id = id;
  state.vmm = machine_of(directory);
  if (state.vmm.is_alive() && !is_forced) {
    return fail(EBUSY, "cannot delete container " + id + ": its record has gone, but its caisson-vmm " +
                           std::to_string(state.vmm.pid) + " runs; give --force");
  }
  TRY(kill_machine(state));
  const auto config = configuration(directory);
  const std::string asked = config ? config->linux_.cgroups_path : std::string();
  if (std::ranges::count(asked, ':') == 2) {
    spdlog::warn(
        "linux.cgroupsPath {} may name a scope of systemd, of which nothing is looked for; see systemd-cgls",
        asked);
  } else if (const auto path = cgroup_path(asked, id, root.path())) {
    remove_empty_cgroups(*path);
  } else {
    spdlog::warn("look for the container's cgroups: {}", path.error().message);
  }
  state.oci_version = config ? config->oci_version : "1.0.2";
  return destroy_container(directory, state);
}

}  // namespace caisson::runtime
