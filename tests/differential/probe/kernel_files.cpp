// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

// What masked and read-only paths are about, and beside each kind one that is not. Nothing is written to what
// opens.
constexpr const char* kPaths[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus",
    "/proc/cpuinfo",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/irq",
    "/proc/irq/default_smp_affinity",
    "/proc/kcore",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/meminfo",
    "/proc/scsi",
    "/proc/self/oom_score_adj",
    "/proc/sched_debug",
    "/proc/sys",
    "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/msgmax",
    "/proc/sys/kernel/panic",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/class/net",
    "/sys/devices/system/cpu/online",
    "/sys/firmware",
    "/sys/fs/cgroup",
    "/sys/kernel",
    "/sys/kernel/mm",
};

std::string opened(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK);
  const std::string result = outcome(fd);
  if (fd >= 0) {
    ::close(fd);
  }
  return result;
}

}  // namespace

void tell_kernel_files(Arguments /*arguments*/) {
  for (const std::string path : kPaths) {
    const std::string what = describe(path);
    tell(path, what);
    if (what.front() == 'E') {
      continue;
    }
    tell(path + " reading", opened(path, O_RDONLY));
    if (what.starts_with("dir")) {
      tell(path + " entries", names_in(path).empty() ? "none" : "some");
    } else {
      tell(path + " writing", opened(path, O_WRONLY));
    }
  }
}

}  // namespace caisson::probe
