// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_id.h"

#include <algorithm>
#include <string>

namespace caisson::runtime {
namespace {

constexpr size_t kMaxIdBytes = 1024;  // LIMIT: runc's, and the agent's

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
         c == '.' || c == '-';
}

}  // namespace

Result<void> check_id(std::string_view id) {
  const auto* bad = std::find_if_not(id.begin(), id.end(), is_id_character);
  if (id.empty() || id.size() > kMaxIdBytes || id == "." || id == ".." || bad != id.end()) {
    const std::string reason =
        bad == id.end() ? std::string() : ": invalid character `" + std::string(1, *bad) + "` in the ID";
    return fail(EINVAL, "invalid container ID format: \"" + std::string(id) + "\"" + reason +
                            "; use 1 to 1024 letters, digits, '_', '+', '.' and '-'");
  }
  return {};
}

}  // namespace caisson::runtime
