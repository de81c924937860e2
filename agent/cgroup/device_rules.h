// SPDX-License-Identifier: Apache-2.0
// From the request's device rules to the matches of the filter, with the devices every container may use.
#pragma once

#include "agent/cgroup/device_filter.h"

namespace caisson::agent {

namespace v1 {
class Resources;
}

Result<std::vector<DeviceMatch>> device_matches(const v1::Resources& resources);

}  // namespace caisson::agent
