// SPDX-License-Identifier: Apache-2.0
// The sources of settings: annotations of the bundle, and the environment (docs/configuration.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/oci/config.h"

namespace caisson::runtime {

// The value of the environment variable. Empty if it is not set.
[[nodiscard]] std::string environment(const char* name);
// The value of org.caisson.NAME; empty where there is none.
[[nodiscard]] std::string annotation(const oci::Config& config, const std::string& name);

// Parses a number from 1 to `most`, with nothing behind it.
[[nodiscard]] std::optional<uint32_t> number_within(std::string_view text, uint32_t most);
// "268435456", "256m", "1.5g": K, M, G, T are powers of 1024; an empty optional for anything else.
[[nodiscard]] std::optional<uint64_t> parse_size(std::string_view text);

}  // namespace caisson::runtime
