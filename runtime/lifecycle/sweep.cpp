// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/sweep.h"

#include <spdlog/spdlog.h>

#include "runtime/lifecycle/destroy.h"

namespace caisson::runtime {
namespace {

// Seen from another pid namespace, all that lives would look dead.
bool is_left_behind(const Result<ContainerState>& state) {
  return state && state->is_makers && state->pid_namespace == own_pid_namespace() &&
         !state->maker.is_alive() && state->current_status() == Status::stopped;
}

Result<void> take_away(const StateRoot& root, const std::string& id) {
  const auto found = root.find(id);
  if (!found || !is_left_behind(found->load())) {
    return {};
  }
  const auto locked = root.try_lock(id);
  if (!locked) {
    // Somebody is at it, or was quicker.
    return locked.error().code == EWOULDBLOCK || locked.error().code == ENOENT
               ? Result<void>()
               : tl::unexpected(locked.error());
  }
  // ORDERING: judged again under the lock; the name may be another's by now.
  const auto state = locked->directory().load();
  return is_left_behind(state) ? destroy_container(locked->directory(), *state) : Result<void>();
}

}  // namespace

void sweep(const StateRoot& root) {
  const auto ids = root.list();
  if (!ids) {
    return;  // who came for more than this will say so
  }
  for (const std::string& id : *ids) {
    if (auto swept = take_away(root, id); !swept) {
      spdlog::debug("take away container {}, whose maker was killed: {}", id, swept.error().message);
    }
  }
}

}  // namespace caisson::runtime
