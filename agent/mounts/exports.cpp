// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/exports.h"

#include <algorithm>

namespace caisson::agent {
namespace {

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '_' || byte == '.' || byte == '-';
}

}  // namespace

Result<void> check_export_name(const std::string& name) {
  if (name.empty() || name.size() > 64 || name == "." || name == ".." ||
      !std::all_of(name.begin(), name.end(), is_name_byte)) {
    return fail(EINVAL, "use export \"" + name + "\": not a name");
  }
  return {};
}

}  // namespace caisson::agent
