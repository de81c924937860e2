// SPDX-License-Identifier: Apache-2.0
// What a filter answers to system calls that were made after it was written: ENOSYS, as a kernel without them
// would. C libraries then fall back to older calls; on the EPERM of a filter's default they give up. runc
// prepends the same to its filters, and the profiles of engines count on it. Called by seccomp.cpp.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

namespace caisson::runtime::oci {

// Instructions to put before a filter. For each of `architectures` (libseccomp's tokens), a call with a
// number beyond the largest of the rules' `names` is answered ENOSYS. Every other call falls through to the
// filter. So does every call of an architecture that has none of the names.
[[nodiscard]] std::vector<sock_filter> answer_for_unknown_syscalls(const std::vector<uint32_t>& architectures,
                                                                   const std::vector<std::string>& names);

}  // namespace caisson::runtime::oci
