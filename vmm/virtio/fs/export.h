// SPDX-License-Identifier: Apache-2.0
// One directory or file of the host that the guest may see: its name, and what may be done with it. Made from
// LaunchSpec::Export by vmm/sandbox/exports.cpp. The server never looks outside of an export.
#pragma once

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm::fs {

struct Export {
  std::string name;  // [A-Za-z0-9_.-]{1,64}, neither "." nor ".."
  UniqueFd fd;       // O_PATH of a directory, a regular file or a socket
  bool read_only = false;
  // Only the guest writes to it while it runs (LaunchSpec::Export::exclusive).
  bool exclusive = false;

  // EINVAL for a text that cannot name an export.
  [[nodiscard]] static Result<void> check_name(const std::string& name);
  // Refuses what cannot be served: a bad name, a symbolic link, a device, a FIFO, a file of /proc or /sys.
  [[nodiscard]] Result<void> check() const;
};

}  // namespace caisson::vmm::fs
