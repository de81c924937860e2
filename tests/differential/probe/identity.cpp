// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

std::string joined(const std::vector<gid_t>& numbers) {
  std::string text;
  for (const gid_t number : numbers) {
    text += (text.empty() ? "" : " ") + std::to_string(number);
  }
  return text;
}

void tell_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<size_t>(count) : 0);
  if (count > 0 && ::getgroups(count, groups.data()) < 0) {
    tell("groups", outcome(-1));
    return;
  }
  tell("groups", joined(groups));
}

}  // namespace

void tell_identity(Arguments /*arguments*/) {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  ::getresuid(&real, &effective, &saved);
  tell("uid", joined({real, effective, saved, static_cast<uid_t>(::setfsuid(~0U))}));
  ::getresgid(&real, &effective, &saved);
  tell("gid", joined({real, effective, saved, static_cast<gid_t>(::setfsgid(~0U))}));
  tell_groups();
  const mode_t mask = ::umask(0);
  ::umask(mask);
  tell_octal("umask", mask);
  for (const char* name : {"uid_map", "gid_map", "setgroups"}) {
    tell(name, squeezed(read_text(std::string("/proc/self/") + name)));
  }
}

}  // namespace caisson::probe
