// SPDX-License-Identifier: Apache-2.0
// The process that `caisson exec` starts: process.json, or the container's own process with the command
// line's changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/oci/config.h"

namespace caisson::runtime {

struct ExecOptions {
  std::vector<std::string> command;
  std::string process_file;
  std::string cwd;
  std::vector<std::string> environment;
  bool terminal = false;
  std::string user;  // uid[:gid]
  std::vector<std::string> additional_gids;
  std::vector<std::string> capabilities;
  bool no_new_privileges = false;
  std::string cpu_affinity;  // initial[:final]
};

Result<oci::Process> exec_process(const ExecOptions& options, const oci::Config& container);

}  // namespace caisson::runtime
