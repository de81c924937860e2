// SPDX-License-Identifier: Apache-2.0
// The names OCI documents and command lines use for numbers of the kernel: capabilities, rlimits, namespaces,
// signals. Tables, shared by the parser, `features` and the commands.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime::oci {

struct Name {
  std::string_view name;
  uint64_t number;
};

std::span<const Name> capability_names();  // CAP_*
std::span<const Name> rlimit_names();      // RLIMIT_*
std::span<const Name> namespace_names();   // CLONE_NEW*
std::span<const Name> propagation_names();

std::optional<uint64_t> find_number(std::span<const Name> names, std::string_view name);

// As runc's kill takes it: "15", "TERM", "SIGTERM", any case, also SIGRTMIN+n.
Result<int> parse_signal(std::string_view text);

}  // namespace caisson::runtime::oci
