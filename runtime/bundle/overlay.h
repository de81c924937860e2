// SPDX-License-Identifier: Apache-2.0
// Overlay mounts of config.json (podman's "-v DIR:/v:O", "--mount type=image"): their layers are directories
// of the host, so the host's kernel joins them. The mount is attached nowhere: no process finds it by a path,
// and it is gone with the last descriptor, whoever dies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::runtime {

// What overlayfs is to be told, a key and, unless it has none, a value; refused by `context`, a JSON path,
// where it is not an option of an overlay of directories, or leaves no layer.
Result<std::vector<std::pair<std::string, std::string>>> overlay_options(
    const std::vector<std::string>& options, const std::string& context);

// A descriptor of its root.
Result<UniqueFd> make_overlay(const std::vector<std::string>& options, const std::string& context);

}  // namespace caisson::runtime
