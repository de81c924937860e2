// SPDX-License-Identifier: Apache-2.0
// The size of a tmpfs for which no size is given. Used by child/mounts.cpp and child/root.cpp.
#pragma once

#include <string>

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

// Returns `data` with a size of half the memory to which the guest can grow. (By itself the kernel would take
// half of the present memory.) Returns `data` unchanged if it has a size, or if the guest does not grow by
// need.
std::string with_tmpfs_size(std::string data, const v1::CreateContainerRequest& request);

}  // namespace caisson::agent
