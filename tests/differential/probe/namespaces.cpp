// SPDX-License-Identifier: Apache-2.0
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

void tell_interfaces() {
  struct if_nameindex* const list = ::if_nameindex();
  if (list == nullptr) {
    tell("interfaces", outcome(-1));
    return;
  }
  std::string names;
  for (const struct if_nameindex* entry = list; entry->if_index != 0; ++entry) {
    names += std::string(names.empty() ? "" : " ") + entry->if_name;
  }
  ::if_freenameindex(list);
  tell("interfaces", names);
}

void tell_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  const int got = fd < 0 ? fd : ::ioctl(fd, SIOCGIFFLAGS, &request);
  tell("loopback", got < 0 ? outcome(got) : (request.ifr_flags & IFF_UP) != 0 ? "up" : "down");
  if (fd >= 0) {
    ::close(fd);
  }
}

// The clock of a time namespace starts elsewhere: in days, which no two runs a second apart differ by.
void tell_clock(const char* name, clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  tell(std::string("clock ") + name + " past 10000 days", now.tv_sec > 10000LL * 86400 ? "yes" : "no");
}

}  // namespace

void tell_namespaces(Arguments /*arguments*/) {
  tell_interfaces();
  tell_loopback();
  tell_clock("monotonic", CLOCK_MONOTONIC);
  tell_clock("boottime", CLOCK_BOOTTIME);
  tell("time offsets", squeezed(read_text("/proc/self/timens_offsets")));
  tell("shared memory segments", static_cast<long long>(lines_of(read_text("/proc/sysvipc/shm")).size()) - 1);
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    std::array<char, PATH_MAX> target{};
    const std::string path = std::string("/proc/self/ns/") + kind;
    tell(std::string("namespace ") + kind, outcome(::readlink(path.c_str(), target.data(), target.size())));
  }
}

}  // namespace caisson::probe
