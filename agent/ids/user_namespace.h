// SPDX-License-Identifier: Apache-2.0
// User namespaces, from the agent's side: their id maps, and those that exist for their maps alone.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {

struct IdMaps {
  std::string uid;  // lines of /proc/<pid>/uid_map
  std::string gid;
};

using IdMappings = google::protobuf::RepeatedPtrField<v1::IdMapping>;
[[nodiscard]] IdMaps id_maps_of(const IdMappings& uids, const IdMappings& gids);

// Writes the maps of the user namespace into which process `pid` was born. Call it once.
Result<void> write_id_maps(pid_t pid, const IdMaps& maps);

// A user namespace without a process: what mount_setattr(2) takes id maps from. It lasts as long as the
// descriptor or a mount that has its maps.
Result<UniqueFd> make_user_namespace(const IdMaps& maps);

}  // namespace caisson::agent
