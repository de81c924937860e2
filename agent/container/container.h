// SPDX-License-Identifier: Apache-2.0
// What the agent knows of one container, and the table of all containers by id.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/cgroup/cgroup.h"
#include "agent/cgroup/watch.h"
#include "agent/container/notify_socket.h"
#include "agent/io/socket_relay.h"
#include "agent/machine/spare_memory.h"
#include "agent/process/process.h"
#include "common/result.h"

namespace caisson::agent {

struct Container {
  std::string id;
  std::string mount_point;       // the empty directory its root was mounted on, in its own mount namespace
  int namespaces = 0;            // CLONE_NEW* an exec must join
  Owner root;                    // as the guest counts users
  std::optional<Cgroup> cgroup;  // none where the guest has no hierarchy
  std::shared_ptr<Process> init;
  bool paused = false;
  uint64_t oom_kills = 0;   // of its cgroup, by the last reading
  uint64_t limit_hits = 0;  // likewise: how often memory.max of it or of one below was reached
  std::unique_ptr<SpareMemory> spare_memory;          // only if it has no limit
  std::vector<std::unique_ptr<SocketRelay>> sockets;  // relays to the host's, one for each mount of a socket
  std::unique_ptr<NotifySocket> notify;               // only if the host waits for its readiness
  std::unique_ptr<CgroupWatch> oom;                   // memory.events
  std::unique_ptr<CgroupWatch> freezing;              // while it is being frozen or thawed
  std::unique_ptr<CgroupWatch> emptiness;             // while it is being removed
  std::vector<std::function<void()>> on_gone;         // not empty: it is being removed
};

class ContainerTable {
 public:
  // EINVAL for a malformed id, EEXIST if it is taken.
  Result<Container*> add(const std::string& id);
  // ENOENT when there is none.
  Result<Container*> find(const std::string& id) const;
  // The same, but its first process must run its program (ESRCH if it has ended, EBUSY before).
  Result<Container*> find_running(const std::string& id) const;
  // The same, or its first process waits for its start: its namespaces and its root exist by then.
  Result<Container*> find_created(const std::string& id) const;
  // The same, and others may enter its namespaces (EBUSY while they may not).
  Result<Container*> find_enterable(const std::string& id) const;
  void remove(const std::string& id) { containers_.erase(id); }

 private:
  std::map<std::string, std::unique_ptr<Container>> containers_;
};

}  // namespace caisson::agent
