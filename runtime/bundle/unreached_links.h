// SPDX-License-Identifier: Apache-2.0
// Network links that an engine has put into the container's network namespace on the host, and that the
// container does not get: a VM has no network device yet and sees its own loopback alone.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/log/log.h"

namespace caisson::runtime {

// The links in the text of /proc/PID/net/dev, without loopback and without those that a kernel puts into
// every namespace.
[[nodiscard]] std::vector<std::string> links_in(std::string_view net_dev);

// Warns the operator once if there are any. Called when the container starts, because engines may add links
// until then.
void warn_of_unreached_links(pid_t vmm);

// Whether warnings may go to standard error although a container writes to it: they may if a log or a person
// reads it.
[[nodiscard]] bool may_warn_beside_container(const LogOptions& log);

}  // namespace caisson::runtime
