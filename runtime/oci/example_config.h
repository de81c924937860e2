// SPDX-License-Identifier: Apache-2.0
// The config.json that `caisson spec` writes, and that `caisson do` starts from.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace caisson::runtime::oci {

enum class ExampleKind { privileged, rootless };

[[nodiscard]] nlohmann::ordered_json example_document(ExampleKind kind, uint32_t uid, uint32_t gid);
[[nodiscard]] std::string example_config(ExampleKind kind, uint32_t uid, uint32_t gid);

}  // namespace caisson::runtime::oci
