// SPDX-License-Identifier: Apache-2.0
#include "agent/container/container.h"

#include <sched.h>

#include <algorithm>

#include "protocol/agent/container_id.h"

namespace caisson::agent {
namespace {

// LIMIT: containers of one sandbox.
constexpr size_t kMaxContainers = 256;

}  // namespace

Result<Container*> ContainerTable::add(const std::string& id) {
  if (!is_container_id(id)) {
    return fail(EINVAL, "create container: not an id");
  }
  if (containers_.contains(id)) {
    return fail(EEXIST, "create container " + id + ": it exists");
  }
  if (containers_.size() >= kMaxContainers) {
    return fail(EAGAIN, "create container " + id + ": too many containers in this sandbox");
  }
  auto& slot = containers_[id];
  slot = std::make_unique<Container>();
  slot->id = id;
  return slot.get();
}

Result<Container*> ContainerTable::find(const std::string& id) const {
  const auto found = containers_.find(id);
  if (found == containers_.end()) {
    return fail(ENOENT, "find container " + id + ": no such container");
  }
  return found->second.get();
}

Result<Container*> ContainerTable::find_running(const std::string& id) const {
  Container* container = TRY(find(id));
  if (!container->init || !container->init->is_executed()) {
    return fail(EBUSY, "container " + id + " is not running yet");
  }
  if (container->init->exit()) {
    return fail(ESRCH, "container " + id + " has ended");
  }
  return container;
}

Result<Container*> ContainerTable::find_created(const std::string& id) const {
  Container* container = TRY(find(id));
  const bool is_waiting = container->init && container->init->is_waiting() && !container->init->exit();
  return is_waiting ? container : find_running(id);
}

Result<Container*> ContainerTable::find_enterable(const std::string& id) const {
  Container* container = TRY(find_created(id));
  // The first process enters its own as it executes; whoever joins it before would get the guest's clocks.
  if (container->init->is_waiting() && (container->namespaces & CLONE_NEWTIME) != 0) {
    return fail(EBUSY,
                "container " + id + " has a time namespace, which is entered at its start; start it first");
  }
  return container;
}

}  // namespace caisson::agent
