// SPDX-License-Identifier: Apache-2.0
// The configuration that the verb do makes from its options: a container over this host's own root file
// system, without a bundle.
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
  std::string working_directory;  // empty: the caller's, if it exists there
  bool has_terminal = false;
  bool logs_console = false;
};

// config.json's text.
Result<std::string> config_over_host(const HostBundle& bundle);

// What the container takes over from the caller.
struct Caller {
  std::string directory;  // the caller's current one; empty: unknown
  // Whether a path is on the same mount as the host's root. Only that mount is shown.
  std::function<bool(const std::string& path)> is_on_root_mount;
  // As getenv(3).
  std::function<const char*(const char* name)> variable;
};
[[nodiscard]] std::string working_directory_of(const HostBundle& bundle, const Caller& caller);
[[nodiscard]] std::vector<std::string> environment_of(const HostBundle& bundle, const Caller& caller);

// A name that no other container has.
[[nodiscard]] std::string throwaway_id();

}  // namespace caisson::runtime
