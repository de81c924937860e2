// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/inventory.h"

#include <spdlog/spdlog.h>

#include "common/harmless.h"
#include "protocol/sandbox/files.h"
#include "runtime/lifecycle/sweep.h"

namespace caisson::runtime {

Result<std::vector<std::string>> container_ids(const StateRoot& root) {
  sweep(root);
  return root.list();
}

ContainerState state_or_guess(const StateRoot& root, const std::string& id) {
  const auto directory = root.find(id);
  auto state = directory ? directory->load() : Result<ContainerState>(fail(ENOENT, "gone"));
  if (state) {
    return *std::move(state);
  }
  if (state.error().code == EBADMSG) {
    spdlog::warn("load container {}: {}", id, state.error().message);
  }
  ContainerState unknown;
  unknown.id = id;
  unknown.oci_version = "1.0.2";
  unknown.status = Status::stopped;
  return unknown;
}

void explain(ContainerState& state, std::string_view exit_record, std::string_view silence) {
  if (state.current_status() != Status::stopped) {
    if (!silence.empty()) {
      state.annotations["org.caisson.guest"] = harmless(silence);
    }
  } else if (const std::string reason = reason_of_end(exit_record); !reason.empty()) {
    state.annotations["org.caisson.ended"] = reason;
  }
}

Result<ContainerState> explained_state(const StateRoot& root, const std::string& id) {
  const ContainerDirectory directory = TRY(root.find(id));
  ContainerState state = TRY(directory.load());
  const auto text_of = [&](std::string_view name) { return directory.read_output(name).value_or(""); };
  explain(state, text_of(sandbox_file::kExitRecord), text_of(sandbox_file::kSilence));
  return state;
}

}  // namespace caisson::runtime
