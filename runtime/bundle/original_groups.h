// SPDX-License-Identifier: Apache-2.0
// The supplementary groups of caisson's caller, for the container: crun's annotation
// `run.oci.keep_original_groups`, which `podman run --group-add keep-groups` sets. Used by create.
#pragma once

#include "common/result.h"
#include "runtime/oci/config.h"

namespace caisson::agent::v1 {
class User;
}

namespace caisson::runtime {

// Adds the caller's supplementary groups to the user's if the annotation is "1", the only value that crun
// knows. "0" and "" mean no. Other values are refused.
Result<void> keep_original_groups(const oci::Config& config, agent::v1::User& user);

}  // namespace caisson::runtime
