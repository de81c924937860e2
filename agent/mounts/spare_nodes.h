// SPDX-License-Identifier: Apache-2.0
// Device nodes of config.json that the agent makes before the container exists. They are bound where the
// container's first process may make none: in a user namespace, or on an export of the host (devices.cpp).
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::agent {

namespace v1 {
class CreateContainerRequest;
}

Result<void> make_spare_nodes(const std::string& container, const v1::CreateContainerRequest& request);
// The node of the device at `index` of the request.
[[nodiscard]] std::string spare_node(const std::string& container, int index);
void remove_spare_nodes(const std::string& container);

}  // namespace caisson::agent
