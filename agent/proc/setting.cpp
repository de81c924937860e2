// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/setting.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/unique_fd.h"

namespace caisson::agent {

Result<void> write_proc_setting(pid_t pid, const char* name, const std::string& value) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
    return fail_errno("write " + path);
  }
  return {};
}

}  // namespace caisson::agent
