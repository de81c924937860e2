// SPDX-License-Identifier: Apache-2.0
// The known words of linux.seccomp, and their values for libseccomp. [oci] config-linux.md, "Seccomp"
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "runtime/oci/names.h"

namespace caisson::runtime::oci {

// SCMP_ACT_*; those that take a number have 0.
[[nodiscard]] std::span<const Name> seccomp_actions();
// SCMP_CMP_*
[[nodiscard]] std::span<const Name> seccomp_operators();
// SECCOMP_FILTER_FLAG_*
[[nodiscard]] std::span<const Name> seccomp_flags();

// For `features`.
std::vector<std::string_view> seccomp_action_names();
std::vector<std::string_view> seccomp_operator_names();
std::vector<std::string_view> seccomp_architecture_names();
std::vector<std::string_view> seccomp_flag_names();

}  // namespace caisson::runtime::oci
