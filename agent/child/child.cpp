// SPDX-License-Identifier: Apache-2.0
#include "agent/child/child.h"

#include <unistd.h>

#include <span>

namespace caisson::agent {
namespace {

using Step = Result<void> (*)(Child& child);

// The order is the specification's: names and mounts while still all-powerful, then the root, then identity,
// then confinement, and nothing between confinement and exec.
constexpr Step kContainerSteps[] = {
    leave_the_agent,      // no descriptor, signal handler or memory of the agent within the container's reach
    take_user_namespace,  // ids mean something from here on
    join_namespaces,      // those shared with other containers
    make_late_namespaces,     // cgroup and time: rooted where we are now
    set_names,                // hostname, domainname
    open_private_proc,        // while the guest's proc is visible, which user namespaces need
    part_from_guest_mounts,   // nothing we mount is seen outside
    mount_root,               //
    mount_everything,         // config.json "mounts", in order
    make_devices,             // default nodes, requested nodes, links
    open_terminal,            // in the container's own devpts
    bind_console,             // its slave as /dev/console
    mask_paths,               // while the guest's own /dev/null can be had (CVE-2025-31133)
    make_paths_readonly,      //
    change_root,              // pivot_root; the guest's tree is gone
    seal_root,                // propagation, read-only root, read-only /dev
    set_sysctls,              //
    enter_working_directory,  //
    set_limits,               //
    set_scheduling,           //
    set_personality,          //
    own_stdio,                // the user may reopen /dev/stdout
    drop_bounding_set,        //
    become_user,              // ids; capabilities but for what confine() needs
    complete_environment,     // HOME
    find_executable,          // "not found" is known before create answers
    wait_for_start,           //
    run_start_hooks,          // each confined as the program will be
    bequeath,                 // the descriptors it inherits
    confine,                  // no_new_privs, seccomp, the last capabilities
    execute,                  //
};

constexpr Step kExecSteps[] = {
    leave_the_agent,          //
    open_private_proc,        // a user namespace would no longer let us
    join_namespaces,          //
    enter_existing_root,      // what the mount namespace says is "/"
    open_terminal,            //
    enter_working_directory,  //
    set_limits,               //
    set_scheduling,           //
    set_affinity,             //
    set_personality,          //
    own_stdio,                //
    drop_bounding_set,        //
    become_user,              //
    complete_environment,     //
    find_executable,          //
    bequeath,                 //
    confine,                  //
    execute,                  //
};

}  // namespace

void run_child(Child& child) {
  const std::span<const Step> steps = child.plan.container != nullptr ? std::span<const Step>(kContainerSteps)
                                                                      : std::span<const Step>(kExecSteps);
  for (const Step step : steps) {
    if (auto done = step(child); !done) {
      // A seccomp filter may forbid even this; the exit code then tells all there is.
      (void)child.control.send_error(done.error());
      break;
    }
  }
  ::_exit(127);
}

}  // namespace caisson::agent
