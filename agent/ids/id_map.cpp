// SPDX-License-Identifier: Apache-2.0
#include "agent/ids/id_map.h"

#include <sched.h>

#include <algorithm>

namespace caisson::agent {
namespace {

using Mappings = google::protobuf::RepeatedPtrField<v1::IdMapping>;

std::optional<uint32_t> in_guest(const v1::CreateContainerRequest& request, const Mappings& mappings,
                                 uint32_t id) {
  if (!makes_namespace(request, CLONE_NEWUSER)) {
    return id;
  }
  for (const v1::IdMapping& mapping : mappings) {
    if (id >= mapping.container_id() && id - mapping.container_id() < mapping.size()) {
      return mapping.host_id() + (id - mapping.container_id());
    }
  }
  return std::nullopt;
}

}  // namespace

bool makes_namespace(const v1::CreateContainerRequest& request, uint64_t kind) {
  return std::any_of(
      request.namespaces().begin(), request.namespaces().end(),
      [kind](const v1::Namespace& ns) { return ns.kind() == kind && ns.join_container().empty(); });
}

std::optional<uint32_t> uid_in_guest(const v1::CreateContainerRequest& request, uint32_t uid) {
  return in_guest(request, request.uid_mappings(), uid);
}

std::optional<uint32_t> gid_in_guest(const v1::CreateContainerRequest& request, uint32_t gid) {
  return in_guest(request, request.gid_mappings(), gid);
}

}  // namespace caisson::agent
