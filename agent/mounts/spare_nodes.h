// SPDX-License-Identifier: Apache-2.0
// Device nodes of config.json made by the agent before there is a container: to bind where the container's
// first process may make none itself, in a user namespace or on an export of the host (devices.cpp).
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

Result<void> make_spare_nodes(const std::string& container, const v1::CreateContainerRequest& request);
// Of the device at `index` of the request.
[[nodiscard]] std::string spare_node(const std::string& container, int index);
void remove_spare_nodes(const std::string& container);

}  // namespace caisson::agent
