// SPDX-License-Identifier: Apache-2.0
// Ids of a container and of the user namespace around it. [oci] config-linux.md, "User namespace mappings"
#pragma once

#include <cstdint>
#include <span>

#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct IdMapping {
  uint32_t container_id = 0;
  uint32_t host_id = 0;
  uint32_t size = 0;
};

std::span<const Row> rows(const IdMapping* type);

}  // namespace caisson::runtime::oci
