// SPDX-License-Identifier: Apache-2.0
// The bundle's config.json as it was at create, which start and exec go by.
#pragma once

#include "common/result.h"
#include "runtime/oci/config.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Errors name the file.
Result<oci::Config> recorded_config(const ContainerDirectory& directory);

}  // namespace caisson::runtime
