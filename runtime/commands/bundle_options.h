// SPDX-License-Identifier: Apache-2.0
// The options that create and run share, and what both do with them.
#pragma once

#include <string>

#include "runtime/commands/command.h"
#include "runtime/lifecycle/create.h"

namespace caisson::runtime {

struct BundleOptions {
  std::string id;
  std::string bundle = ".";
  std::string config = "config.json";
  std::string console_socket;
  std::string pid_file;
  std::string pidfd_socket;
  int64_t preserve_fds = 0;
  bool no_pivot = false;
  bool no_new_keyring = false;

  void declare(Options options);
  // Reads the bundle. Refuses options that cannot be honoured.
  Result<CreateRequest> request(const Globals& globals) const;
};

}  // namespace caisson::runtime
