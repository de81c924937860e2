// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

// Those that belong to a namespace: a new one starts from the kernel's defaults, on any host.
constexpr const char* kNames[] = {
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "kernel/shm_rmid_forced",
    "fs/mqueue/msg_default",
    "fs/mqueue/msg_max",
    "fs/mqueue/msgsize_max",
    "fs/mqueue/queues_max",
    "kernel/hostname",
    "kernel/domainname",
    "net/core/somaxconn",
    "net/ipv4/ip_default_ttl",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_unprivileged_port_start",
    "net/ipv4/ping_group_range",
    "net/ipv4/tcp_keepalive_time",
    "net/ipv4/tcp_syncookies",
    "net/ipv6/conf/all/disable_ipv6",
    "net/unix/max_dgram_qlen",
};

}  // namespace

void tell_settings(Arguments arguments) {
  for (const std::string name : kNames) {
    tell("sysctl " + name, squeezed(read_text("/proc/sys/" + name)));
  }
  // Those a new namespace copies from the host's are told where config.json sets them.
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("sysctl=")) {
      const std::string name(argument.substr(7));
      tell("sysctl " + name, squeezed(read_text("/proc/sys/" + name)));
    }
  }
}

}  // namespace caisson::probe
