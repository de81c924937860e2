// SPDX-License-Identifier: Apache-2.0
// caisson-vmm's control socket (docs/launch.md): stop and continue the vCPUs, read its counters.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Asks `verb` and returns the answer's line; an {"error": …} is an Error.
Result<std::string> ask_vmm(const ContainerDirectory& directory, std::string_view verb);

// While it lives, the vCPUs of a paused container run, so that its agent can answer; they stop again
// afterwards. The container itself stays frozen by the guest. Harmless for a container that is not paused.
class AwakeGuest {
 public:
  static Result<AwakeGuest> of(const ContainerDirectory& directory, const ContainerState& state);
  AwakeGuest(AwakeGuest&& other) noexcept;
  AwakeGuest& operator=(AwakeGuest&&) = delete;
  ~AwakeGuest();
  // Lets them run on.
  void stay() { directory_ = nullptr; }

 private:
  explicit AwakeGuest(const ContainerDirectory* directory) : directory_(directory) {}
  const ContainerDirectory* directory_;  // null: nothing to stop again
};

}  // namespace caisson::runtime
