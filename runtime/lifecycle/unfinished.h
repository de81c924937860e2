// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/spdlog.h>

#include "runtime/lifecycle/destroy.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Removes what was made, unless the container was finished. If hooks have begun, those of "poststop" follow.
// [oci] runtime.md, "Lifecycle", steps 3 to 5
class Unfinished {
 public:
  Unfinished(const ContainerDirectory& directory, const ContainerState& state)
      : directory_(directory), state_(state) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (!finished_) {
      const auto removed =
          hooks_began_ ? destroy_container(directory_, state_) : remove_remains(directory_, state_);
      if (!removed) {
        spdlog::warn("clean up after failed create: {}", removed.error().message);
      }
    }
  }
  void hooks_begin() { hooks_began_ = true; }
  void finish() { finished_ = true; }

 private:
  const ContainerDirectory& directory_;
  const ContainerState& state_;
  bool hooks_began_ = false;
  bool finished_ = false;
};

}  // namespace caisson::runtime
