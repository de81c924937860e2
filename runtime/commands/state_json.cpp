// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/state_json.h"

#include <pwd.h>

#include <array>
#include <nlohmann/json.hpp>

namespace caisson::runtime {

pid_t visible_pid(const ContainerState& state) {
  return state.current_status() == Status::stopped ? 0 : state.vmm.pid;
}

std::string owner_name(uint32_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return "#" + std::to_string(uid);
}

std::string state_json(const ContainerState& state, JsonLayout layout) {
  nlohmann::ordered_json document = {
      {"ociVersion", state.oci_version}, {"id", state.id},
      {"pid", visible_pid(state)},       {"status", status_name(state.current_status())},
      {"bundle", state.bundle},          {"rootfs", state.rootfs},
      {"created", state.created}};
  if (!state.annotations.empty()) {
    document["annotations"] = state.annotations;
  }
  document["owner"] = owner_name(state.owner);
  return document.dump(layout == JsonLayout::indented ? 2 : -1, ' ', false,
                       nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace caisson::runtime
