// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "protocol/agent/agent.pb.h"
#include "runtime/oci/id_mapping.h"

namespace caisson::runtime {

// [oci] config-linux.md, "User namespace mappings"
inline void fill_mappings(const std::vector<oci::IdMapping>& from,
                          google::protobuf::RepeatedPtrField<agent::v1::IdMapping>& to) {
  for (const oci::IdMapping& mapping : from) {
    auto& entry = *to.Add();
    entry.set_container_id(mapping.container_id);
    entry.set_host_id(mapping.host_id);
    entry.set_size(mapping.size);
  }
}

}  // namespace caisson::runtime
