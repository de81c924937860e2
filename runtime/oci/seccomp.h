// SPDX-License-Identifier: Apache-2.0
// Compiles linux.seccomp into the filter program that the agent loads. libseccomp works on the host so that
// the guest's agent needs no compiler and no parser. Names that libseccomp does not know are passed over, as
// runc does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/oci/seccomp_profile.h"

namespace caisson::runtime::oci {

struct SeccompFilter {
  std::string program;  // struct sock_filter[]
  uint32_t flags = 0;   // SECCOMP_FILTER_FLAG_*
};

Result<SeccompFilter> compile_seccomp(const Seccomp& seccomp);

}  // namespace caisson::runtime::oci
