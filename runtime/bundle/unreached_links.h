// SPDX-License-Identifier: Apache-2.0
// Network links that a container was given and does not get: a VM has no network device yet, so that it sees
// its own loopback alone, whatever an engine has put into its network namespace on the host.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/log/log.h"

namespace caisson::runtime {

// Of the text of /proc/PID/net/dev: all but loopback and what a kernel puts into every namespace by itself.
[[nodiscard]] std::vector<std::string> links_in(std::string_view net_dev);

// One warning where there are any, for the operator. Called when the container starts: until then engines may
// add some.
void warn_of_unreached_links(pid_t vmm);

// Whether standard error is for warnings, too, where a container writes to it: a log or a person reads it.
[[nodiscard]] bool may_warn_beside_container(const LogOptions& log);

}  // namespace caisson::runtime
