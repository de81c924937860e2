// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/program.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace caisson::vmm {

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) < 0) {
      return fail_errno("execute " + name);
    }
    return name;
  }
  const char* path = ::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (colon > 0 && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return fail(ENOENT,
              "find " + name + ": not in PATH; install the package qemu-system-x86 (scripts/bootstrap run)");
}

}  // namespace caisson::vmm
