// SPDX-License-Identifier: Apache-2.0
// What there is, for who asks: the containers beneath a root, and one's state with what is known of its end.
// Used by the verbs list and state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/state/state_directory.h"

namespace caisson::runtime {

// Every container's name, sorted, once what killed makers left has been swept away.
Result<std::vector<std::string>> container_ids(const StateRoot& root);
// One half made has no readable state yet: it is shown as far as it is known, as stopped.
[[nodiscard]] ContainerState state_or_guess(const StateRoot& root, const std::string& id);

// Its state, with annotations that tell why it has ended, or that its guest is silent.
Result<ContainerState> explained_state(const StateRoot& root, const std::string& id);
// The same of what caisson-vmm has left: the texts of exit.json and silence (protocol/sandbox/files.h), empty
// where there are none.
void explain(ContainerState& state, std::string_view exit_record, std::string_view silence);

}  // namespace caisson::runtime
