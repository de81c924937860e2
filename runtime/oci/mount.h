// SPDX-License-Identifier: Apache-2.0
// What config.json mounts. [oci] config.md, "Root" and "Mounts"
#pragma once

#include <span>
#include <string>
#include <vector>

#include "runtime/oci/fields.h"
#include "runtime/oci/id_mapping.h"

namespace caisson::runtime::oci {

struct Root {
  std::string path;
  bool read_only = false;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
};

std::span<const Row> rows(const Root* type);
std::span<const Row> rows(const Mount* type);

}  // namespace caisson::runtime::oci
