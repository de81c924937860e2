// SPDX-License-Identifier: Apache-2.0
// What there is to tell; one file per function, except where two are of a few lines. Each works without /proc
// where it can, and tells the error where it cannot.
#pragma once

#include <span>

namespace caisson::probe {

using Arguments = std::span<char* const>;

void tell_invocation(Arguments arguments);   // arguments, environment, working directory, standard input
void tell_descriptors(Arguments arguments);  // what is open
void tell_identity(Arguments arguments);     // ids, groups, umask, user namespace
void tell_capabilities(Arguments arguments);
void tell_process(Arguments arguments);  // session, no_new_privs, signals, scheduling, personality
void tell_limits(Arguments arguments);
void tell_names(Arguments arguments);  // uname
void tell_namespaces(Arguments arguments);
void tell_cgroup(Arguments arguments);
void tell_mounts(Arguments arguments);
void tell_devices(Arguments arguments);
void tell_kernel_files(Arguments arguments);   // of /proc and /sys: what can be opened, and written
void tell_kernel_offers(Arguments arguments);  // what it may have been built without, and sizes it chose
void tell_settings(Arguments arguments);       // sysctls, and every argument sysctl=PATH
void tell_terminal(Arguments arguments);
void tell_looks(Arguments arguments);     // every argument look=PATH
void tell_attempts(Arguments arguments);  // system calls, each tried in a process of its own

}  // namespace caisson::probe
