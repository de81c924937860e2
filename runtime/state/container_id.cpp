// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_id.h"

#include <algorithm>
#include <string>

#include "protocol/agent/container_id.h"

namespace caisson::runtime {
Result<void> check_id(std::string_view id) {
  const auto* bad = std::find_if_not(id.begin(), id.end(), is_id_character);
  if (!is_container_id(id)) {
    const std::string reason =
        bad == id.end() ? std::string() : ": invalid character `" + std::string(1, *bad) + "` in the ID";
    return fail(EINVAL, "invalid container ID format: \"" + std::string(id) + "\"" + reason + "; use 1 to " +
                            std::to_string(kMostIdBytes) + " letters, digits, '_', '+', '.' and '-'");
  }
  return {};
}

}  // namespace caisson::runtime
