// SPDX-License-Identifier: Apache-2.0
// The child between clone3 and execve: its state, and the steps it goes through in order. Every step is a
// small function in the file of its subject; child.cpp holds the two tables. Runs in its own process; never
// in the agent.
#pragma once

#include <string>
#include <vector>

#include "agent/child/child_spec.h"
#include "agent/child/control.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::agent {

struct Child {
  const ChildSpec& plan;
  Control& control;
  std::vector<Join> joins;        // the spec's, under numbers of the child's own
  std::vector<Placed> preserved;  // the spec's, and files that the child has opened
  std::vector<UniqueFd> binds;    // likewise: for each mount its source, or nothing yet
  UniqueFd exports;   // O_PATH of the host's exports, in our own mount namespace (a clone must start there)
  UniqueFd root;      // O_PATH of the container's root: the mounted rootfs, later "/"
  UniqueFd proc;      // a procfs of the child's own, reachable by no path, so that nobody can mount over it
  UniqueFd terminal;  // the slave side
  std::string executable;
  std::vector<std::string> environment;
};

// Runs the steps of a container's first process or of an exec, ends in execve or in an error sent to the
// agent.
[[noreturn]] void run_child(Child& child);

// Steps for the process itself.
Result<void> leave_the_agent(Child& child);
Result<void> take_user_namespace(Child& child);
Result<void> join_namespaces(Child& child);
Result<void> make_late_namespaces(Child& child);
Result<void> set_names(Child& child);
Result<void> open_private_proc(Child& child);
Result<void> open_terminal(Child& child);
Result<void> set_sysctls(Child& child);
Result<void> set_limits(Child& child);
Result<void> set_scheduling(Child& child);
Result<void> set_affinity(Child& child);
Result<void> set_personality(Child& child);
Result<void> own_stdio(Child& child);
Result<void> enter_working_directory(Child& child);
Result<void> drop_bounding_set(Child& child);
Result<void> become_user(Child& child);
Result<void> complete_environment(Child& child);
Result<void> find_executable(Child& child);
Result<void> wait_for_start(Child& child);
Result<void> run_start_hooks(Child& child);
Result<void> bequeath(Child& child);
Result<void> confine(Child& child);
Result<void> execute(Child& child);

// Steps for its mounts.
Result<void> part_from_guest_mounts(Child& child);
Result<void> mount_root(Child& child);
Result<void> mount_everything(Child& child);
Result<void> make_devices(Child& child);
// Whether the root is read-only and has no mount in /dev. A tmpfs is then mounted there, because no default
// device could be made otherwise.
bool has_dev_of_ours(const v1::CreateContainerRequest& request);
Result<void> bind_console(Child& child);
Result<void> change_root(Child& child);
Result<void> enter_existing_root(Child& child);
Result<void> seal_root(Child& child);
Result<void> mask_paths(Child& child);
Result<void> make_paths_readonly(Child& child);

}  // namespace caisson::agent
