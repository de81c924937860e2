// SPDX-License-Identifier: Apache-2.0
// Limits as what they mean, whichever version of cgroups says it: the guest has version 2, the host of a test
// maybe 1.
#include <algorithm>
#include <cstdlib>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

const std::string kRoot = "/sys/fs/cgroup/";

bool is_version_2() {
  return describe(kRoot + "cgroup.controllers").starts_with("file");
}

// Version 1 has no word for "no limit" of memory but the largest number of whole pages.
std::string amount(const std::string& text) {
  return text == "max" || text == "-1" || text == "9223372036854771712" ? "unlimited" : text;
}

std::string quota() {
  if (is_version_2()) {
    return squeezed(read_text(kRoot + "cpu.max"));
  }
  const std::string limit = read_text(kRoot + "cpu/cpu.cfs_quota_us");
  return (limit == "-1" ? "max" : limit) + " " + read_text(kRoot + "cpu/cpu.cfs_period_us");
}

// As runc converts them.
std::string weight() {
  if (is_version_2()) {
    return read_text(kRoot + "cpu.weight");
  }
  const std::string shares = read_text(kRoot + "cpu/cpu.shares");
  const long long number = std::atoll(shares.c_str());
  return number == 0 ? shares : std::to_string(1 + ((number - 2) * 9999) / 262142);
}

}  // namespace

void tell_cgroup(Arguments /*arguments*/) {
  const bool unified = is_version_2();
  const auto file = [&](const char* version_2, const char* version_1) {
    return amount(read_text(kRoot + (unified ? version_2 : version_1)));
  };
  tell("cgroup memory limit", file("memory.max", "memory/memory.limit_in_bytes"));
  tell("cgroup pids limit", file("pids.max", "pids/pids.max"));
  tell("cgroup cpu quota", quota());
  tell("cgroup cpu weight", weight());
  std::string paths;
  for (const std::string& line : lines_of(read_text("/proc/self/cgroup"))) {
    const std::string path = line.substr(std::min(line.rfind(':'), line.size() - 1) + 1);
    if (paths.find("<" + path + ">") == std::string::npos) {
      paths += "<" + path + ">";
    }
  }
  tell("cgroup paths", paths);
}

}  // namespace caisson::probe
