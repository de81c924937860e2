// SPDX-License-Identifier: Apache-2.0
// One entry of the configuration's "mounts" in the agent's words, and the exports that it needs.
#pragma once

#include <string>

#include "common/result.h"
#include "runtime/oci/linux.h"
#include "runtime/oci/mount.h"

namespace caisson::agent::v1 {
class Mount;
}

namespace caisson::runtime {

class Exports;

// What the rest of the configuration says that matters for the mount.
struct MountContext {
  const oci::Linux& linux_;
  const std::string& bundle;  // absolute; relative sources count from it
};

[[nodiscard]] std::string absolute_path(const std::string& path, const std::string& base);

// `context` names the entry in errors: "mounts[3]". [oci] config.md, "Mounts"
Result<void> fill_mount(const oci::Mount& mount, const MountContext& source, const std::string& context,
                        Exports& exports, agent::v1::Mount& out);

}  // namespace caisson::runtime
