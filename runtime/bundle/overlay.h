// SPDX-License-Identifier: Apache-2.0
// Overlay mounts of config.json (podman's "-v DIR:/v:O", "--mount type=image"): their layers are directories
// of the host, so the host's kernel joins them. The mount is attached nowhere: no process finds it by a path,
// and it goes with the last descriptor, whichever process dies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

// The options for overlayfs: a key, and a value if the key has one. An option that is none of an overlay of
// directories is refused by `context`, a JSON path. So are options that leave no layer.
Result<std::vector<std::pair<std::string, std::string>>> overlay_options(
    const std::vector<std::string>& options, const std::string& context);

// Returns a descriptor of the overlay's root.
Result<UniqueFd> make_overlay(const std::vector<std::string>& options, const std::string& context);

}  // namespace caisson::runtime
