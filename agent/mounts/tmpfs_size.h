// SPDX-License-Identifier: Apache-2.0
// How much a tmpfs may hold that is given no size. Used by child/mounts.cpp and child/root.cpp.
#pragma once

#include <string>

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

// `data`, with what the kernel would take for a size by itself, half of memory, counted by what the guest can
// become. As it is where it has a size, or where the guest does not grow by need.
std::string with_tmpfs_size(std::string data, const v1::CreateContainerRequest& request);

}  // namespace caisson::agent
