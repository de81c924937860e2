// SPDX-License-Identifier: Apache-2.0
// CreateContainer: a cgroup, namespaces, and a first process that has done everything but its exec.
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "agent/cgroup/delegation.h"
#include "agent/ids/id_map.h"
#include "agent/mounts/bind.h"
#include "agent/mounts/exports.h"
#include "agent/mounts/spare_nodes.h"
#include "agent/service/calls.h"
#include "agent/service/removal.h"
#include "protocol/agent/limits.h"

namespace caisson::agent {
namespace {

// Made by clone3. A user namespace comes first and alone with that of processes: what is made after it is the
// container root's, such as its queues and its network. Else all are, but for those that begin where the
// child will be.
constexpr uint64_t kEarlyWithUser = CLONE_NEWPID | CLONE_NEWUSER;
constexpr uint64_t kEarly = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
constexpr uint64_t kNamespaces = kEarly | CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME;
// LIMIT: lines of /proc/<pid>/uid_map that the kernel takes.

Result<void> check(const v1::CreateContainerRequest& request) {
  if (!request.has_init()) {
    return fail(EINVAL, "create container: init is missing");
  }
  const auto has_too_many = [](const auto& message) {
    return message.uid_mappings_size() > kMaxIdMappings || message.gid_mappings_size() > kMaxIdMappings;
  };
  if (has_too_many(request) || std::ranges::any_of(request.mounts(), has_too_many)) {
    return fail(E2BIG, "create container: too many id mappings");
  }
  for (const v1::Namespace& ns : request.namespaces()) {
    if ((ns.kind() & ~kNamespaces) != 0 || ns.kind() == 0 || (ns.kind() & (ns.kind() - 1)) != 0) {
      return fail(EINVAL, "create container: unknown namespace kind");
    }
  }
  return {};
}

Result<void> choose_namespaces(Agent& agent, const v1::CreateContainerRequest& request, Container& container,
                               ProcessSpec& order) {
  // A container always has its own mounts: how else would it have its own root.
  uint64_t wanted = CLONE_NEWNS;
  container.namespaces = CLONE_NEWNS;
  for (const v1::Namespace& ns : request.namespaces()) {
    container.namespaces |= static_cast<int>(ns.kind());
    if (ns.join_container().empty()) {
      wanted |= ns.kind();
    } else {
      const Container* other = TRY(agent.containers().find(ns.join_container()));
      if (!other->init) {
        return fail(EBUSY, "join namespaces of " + other->id + ": it is not created yet");
      }
      order.plan.joins.push_back(
          Join{.pidfd = other->init->pidfd().get(), .kinds = static_cast<int>(ns.kind())});
    }
  }
  order.new_namespaces = wanted & ((wanted & CLONE_NEWUSER) != 0 ? kEarlyWithUser : kEarly);
  order.plan.late_namespaces = wanted & ~order.new_namespaces & ~uint64_t{CLONE_NEWTIME};
  return {};
}

Result<void> make_mount_point(const Agent& agent, Container& container) {
  const std::string parent = agent.options().run_directory + "/containers";
  ::mkdir(agent.options().run_directory.c_str(), 0755);
  // The first process of a user namespace is not root here, and must get to its mount point.
  ::mkdir(parent.c_str(), 0711);
  container.mount_point = parent + "/" + container.id;
  if (::mkdir(container.mount_point.c_str(), 0755) < 0 && errno != EEXIST) {
    return fail_errno("make " + container.mount_point);
  }
  return {};
}

// Each export is a mount that comes into being when a path first leads there, which the kernel does not allow
// in a user namespace: it is met here, and the child's copy of the mounts has it.
Result<void> meet_exports(Agent& agent, const v1::CreateContainerRequest& request) {
  TRY(agent.mount_exports());
  const auto meet = [&agent](const std::string& path) {
    // A file is no mount; what cannot be opened is told when it is mounted.
    const UniqueFd met(
        ::open((agent.options().exports + "/" + path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  };
  meet(request.root().export_name());
  for (const v1::Mount& mount : request.mounts()) {
    if (!mount.export_name().empty()) {
      meet(mount.export_name());
      for (const std::string& path : mount.mounts_beneath()) meet(mount.export_name() + "/" + path);
    }
  }
  return {};
}

// Before its first process exists, what is available is what it may use.
Result<void> offer_spare_memory(const Agent& agent, const v1::CreateContainerRequest& request,
                                Container& container) {
  if (request.spare_memory_blocks().empty()) {
    return {};
  }
  // Outside a guest they would be the host's.
  if (!agent.options().is_guest_init) {
    return fail(EOPNOTSUPP, "offer spare memory: the agent is not a guest's");
  }
  container.spare_memory = TRY(SpareMemory::create(
      *container.cgroup, "/sys/devices/system",
      {request.spare_memory_blocks().begin(), request.spare_memory_blocks().end()}, TRY(available_memory())));
  return {};
}

Result<void> make_cgroup(Agent& agent, const v1::CreateContainerRequest& request, Container& container) {
  if (agent.options().cgroup_root.empty()) {
    return {};
  }
  const std::string path = request.cgroup_path().empty() ? "/" + container.id : request.cgroup_path();
  container.cgroup = TRY(Cgroup::create(agent.options().cgroup_root, path));
  TRY(apply_resources(container, request.resources()));
  TRY(delegate_cgroup(*container.cgroup, request));
  TRY(offer_spare_memory(agent, request, container));
  // A guest without the memory controller has no limit to exceed.
  if (auto watch = CgroupWatch::create(agent.loop(), *container.cgroup, "memory.events",
                                       [&agent, &container] { agent.note_memory_events(container); })) {
    container.oom = std::move(*watch);
  }
  return {};
}

// A directory of its own beside the mount points, which a user namespace can pass through to.
std::string notify_directory(const Container& container) {
  return container.mount_point + ".notify";
}

Result<void> make_notify_socket(Agent& agent, const v1::CreateContainerRequest& request,
                                Container& container) {
  if (request.notify_directory().empty()) {
    return {};
  }
  container.notify =
      TRY(NotifySocket::create(agent.loop(), notify_directory(container), [&agent, &container] {
        v1::AgentEvent event;
        event.mutable_container_ready()->set_container(container.id);
        agent.events().send(event);
      }));
  return {};
}

std::string time_offsets_of(const v1::CreateContainerRequest& request) {
  std::string lines;
  for (const v1::TimeOffset& offset : request.time_offsets()) {
    lines += offset.clock() + " " + std::to_string(offset.seconds()) + " " +
             std::to_string(offset.nanoseconds()) + "\n";
  }
  return lines;
}

// Beside the mount points, too; each socket under the number of its mount.
std::string sockets_directory(const Container& container) {
  return container.mount_point + ".sockets";
}

Result<void> make_socket_relays(Agent& agent, const v1::CreateContainerRequest& request,
                                Container& container) {
  for (int i = 0; i < request.mounts_size(); ++i) {
    const v1::Mount& mount = request.mounts(i);
    if (mount.host_socket_port() == 0) {
      continue;
    }
    struct stat likeness {};
    TRY(check_export_name(mount.export_name()));
    if (::stat((agent.options().exports + "/" + mount.export_name()).c_str(), &likeness) < 0 ||
        (::mkdir(sockets_directory(container).c_str(), 0755) < 0 && errno != EEXIST)) {
      return fail_errno("mount " + mount.destination());
    }
    container.sockets.push_back(TRY_CONTEXT(
        "mount " + mount.destination(),
        SocketRelay::create(agent.loop(), sockets_directory(container) + "/" + std::to_string(i), likeness,
                            agent.options().host_address + std::to_string(mount.host_socket_port()))));
  }
  return {};
}

Result<void> launch(Agent& agent, const v1::CreateContainerRequest& request, Container& container,
                    const std::shared_ptr<ttrpc::Responder>& responder) {
  TRY(make_mount_point(agent, container));
  TRY(make_notify_socket(agent, request, container));
  TRY(make_cgroup(agent, request, container));
  TRY(meet_exports(agent, request));
  TRY(make_socket_relays(agent, request, container));
  if (agent.options().is_guest_init) {
    TRY(make_spare_nodes(container.id, request));
  }
  container.root = {.uid = uid_in_guest(request, 0).value_or(0), .gid = gid_in_guest(request, 0).value_or(0)};
  ProcessSpec order{
      .token = request.process(),
      .container = container.id,
      .plan = {.process = &request.init(),
               .container = &request,
               .stdio = {-1, -1, -1},
               .exports = agent.options().exports,
               .cgroup = container.cgroup ? container.cgroup->directory() : -1,
               .mount_point = container.mount_point,
               .sockets_directory = container.sockets.empty() ? std::string() : sockets_directory(container),
               .notify_directory = container.notify ? notify_directory(container) : std::string(),
               .joins = {}},
      .new_namespaces = 0,
      .id_maps = id_maps_of(request.uid_mappings(), request.gid_mappings()),
      .binds = TRY(make_binds_for(request, agent.options().exports)),
      .time_offsets = time_offsets_of(request),
      .root = container.root};
  TRY(choose_namespaces(agent, request, container, order));
  container.init =
      TRY(agent.processes().launch(std::move(order), [&agent, &container, responder](Result<void> settled) {
        if (!settled) {
          // Answered once all of it is gone, so that the host may try again under the same id.
          remove_container(agent, container,
                           [responder, error = settled.error()] { responder->fail(error); });
          return;
        }
        v1::CreateContainerResponse response;
        response.set_guest_pid(static_cast<uint32_t>(container.init->pid()));
        responder->succeed(response);
      }));
  return {};
}

}  // namespace

void create_container(Agent& agent, const v1::CreateContainerRequest& request, ttrpc::Responder responder) {
  if (const auto checked = check(request); !checked) {
    responder.fail(checked.error());
    return;
  }
  const auto container = agent.containers().add(request.container());
  if (!container) {
    responder.fail(container.error());
    return;
  }
  const auto shared = std::make_shared<ttrpc::Responder>(std::move(responder));
  if (const auto launched = launch(agent, request, **container, shared); !launched) {
    remove_container(agent, **container, [shared, error = launched.error()] { shared->fail(error); });
  }
}

}  // namespace caisson::agent
