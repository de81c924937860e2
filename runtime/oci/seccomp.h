// SPDX-License-Identifier: Apache-2.0
// Compiles linux.seccomp into the filter program that the agent loads. libseccomp works on the host so that
// the guest's agent needs no compiler and no parser. Names that libseccomp does not know are passed over, as
// runc does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/oci/config.h"

namespace caisson::runtime::oci {

struct SeccompFilter {
  std::string program;  // struct sock_filter[]
  uint32_t flags = 0;   // SECCOMP_FILTER_FLAG_*
};

Result<SeccompFilter> compile_seccomp(const Seccomp& seccomp);

// For `features`.
std::vector<std::string_view> seccomp_action_names();
std::vector<std::string_view> seccomp_operator_names();
std::vector<std::string_view> seccomp_architecture_names();
std::vector<std::string_view> seccomp_flag_names();

}  // namespace caisson::runtime::oci
