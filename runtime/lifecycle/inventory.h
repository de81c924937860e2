// SPDX-License-Identifier: Apache-2.0
// The containers beneath a root, and the state of one with what is known of its end. Used by the verbs list
// and state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// The names of all containers, sorted. First sweeps away what killed makers left.
Result<std::vector<std::string>> container_ids(const StateRoot& root);
// The state of a container. A half-made container has no readable state yet: it is shown as stopped, as far
// as it is known.
[[nodiscard]] ContainerState state_or_guess(const StateRoot& root, const std::string& id);

// Its state, with annotations that tell why it has ended, or that its guest is silent.
Result<ContainerState> explained_state(const StateRoot& root, const std::string& id);
// Adds these annotations from what caisson-vmm has left: the texts of exit.json and silence
// (protocol/sandbox/files.h), empty if there are none.
void explain(ContainerState& state, std::string_view exit_record, std::string_view silence);

}  // namespace caisson::runtime
