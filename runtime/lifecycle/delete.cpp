// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/delete.h"

#include "runtime/lifecycle/destroy.h"
#include "runtime/lifecycle/name_pattern.h"
#include "runtime/lifecycle/unrecorded.h"

namespace caisson::runtime {

Result<void> check_may_be_deleted(const std::string& id, Status status, Force force) {
  if ((status == Status::running || status == Status::paused) && force == Force::no) {
    return fail(EBUSY, "cannot delete container " + id + " that is not stopped: " +
                           std::string(status_name(status)) + "; kill it first, or give --force");
  }
  return {};
}

Result<void> delete_container(const StateRoot& root, const std::string& id, Force force) {
  const auto locked = root.lock(id);
  if (!locked) {
    return force == Force::yes && locked.error().code == ENOENT ? Result<void>()
                                                                : tl::unexpected(locked.error());
  }
  const ContainerDirectory& directory = locked->directory();
  const auto state = directory.load();
  // ESTALE: its creator died before there was a process, or the record has gone.
  if (!state && (state.error().code == ESTALE || (force == Force::yes && state.error().code == EBADMSG))) {
    return destroy_unrecorded(root, directory, id, force == Force::yes);
  }
  if (!state) {
    return tl::unexpected(state.error());
  }
  TRY(check_may_be_deleted(id, state->current_status(), force));
  return destroy_container(directory, *state);
}

Result<void> delete_matching(const StateRoot& root, const std::string& pattern, Force force) {
  const NamePattern wanted = TRY(NamePattern::parse(pattern));
  for (const std::string& id : TRY(root.list())) {
    if (wanted.matches(id)) {
      TRY_CONTEXT("delete " + id, delete_container(root, id, force));
    }
  }
  return {};
}

}  // namespace caisson::runtime
