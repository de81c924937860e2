// SPDX-License-Identifier: Apache-2.0
// The configuration of a container over this host's own root file system, which needs no bundle: what the
// verb do makes of its options.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/result.h"

namespace caisson::runtime {

struct HostBundle {
  std::vector<std::string> writable;  // directories that are the host's own
  std::vector<std::string> readable;  // on other mounts than /, shown read-only
  std::vector<std::string> environment;
  std::vector<std::string> command;
  std::string memory;
  std::string cpus;
  std::string rootfs = "/";
  std::string working_directory;  // empty: the caller's, where it exists there
  bool has_terminal = false;
  bool logs_console = false;
};

// config.json's text.
Result<std::string> config_over_host(const HostBundle& bundle);

// What of the caller the container takes over.
struct Caller {
  std::string directory;  // the current one; empty: it cannot be told
  // Whether a path is on the same mount as the host's root: only that is shown.
  std::function<bool(const std::string& path)> is_on_root_mount;
  // As getenv(3).
  std::function<const char*(const char* name)> variable;
};
[[nodiscard]] std::string working_directory_of(const HostBundle& bundle, const Caller& caller);
[[nodiscard]] std::vector<std::string> environment_of(const HostBundle& bundle, const Caller& caller);

// A name that no other container has.
[[nodiscard]] std::string throwaway_id();

}  // namespace caisson::runtime
