// SPDX-License-Identifier: Apache-2.0
// A process of its own for code that mounts, makes nodes or changes ids: in mount, process, network, IPC and
// UTS namespaces of its own, on a root of its own in memory, from which no path leads to the host. Its /dev
// has nodes of its own, its /sys nothing, its /proc/sys is read-only, and it may not put the host's clock,
// load modules, touch ports or reboot: whatever the code does, the host stays as it is.
#pragma once

#include <functional>
#include <string>

namespace caisson::test {

// Empty when in_namespaces() can run here, else why not.
std::string why_no_namespaces();

// Runs `body` there, as process 1, root with all other capabilities. What it expects counts as if it were
// expected here: a failed expectation, an exception or a signal in there fails the test. The root has /dev,
// /proc, /bin/busybox and an empty /tmp, /run, /etc and /sys.
void in_namespaces(const std::function<void()>& body);

}  // namespace caisson::test
