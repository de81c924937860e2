// SPDX-License-Identifier: Apache-2.0
#include "vmm/supervisor/exit_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/unique_fd.h"

namespace caisson::vmm {

Result<void> write_exit_record(int directory, const ExitRecord& record) {
  const nlohmann::json document = {{"exitCode", record.exit_code},
                                   {"outOfMemory", record.out_of_memory},
                                   {"guestLost", record.guest_lost}};
  const std::string text = document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  // runtime/sandbox/oom_mark.h: only that it is there counts.
  if (record.out_of_memory && ::mkdirat(directory, "oom", 0700) < 0 && errno != EEXIST) {
    return fail_errno("make oom");
  }
  const UniqueFd file(
      ::openat(directory, "exit.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    return fail_errno("create exit.json");
  }
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::renameat(directory, "exit.json.new", directory, "exit.json") < 0) {
    return fail_errno("write exit.json");
  }
  return {};
}

Result<void> write_silence(int directory, const std::string& text) {
  if (text.empty()) {
    return ::unlinkat(directory, "silence", 0) < 0 && errno != ENOENT ? fail_errno("remove silence")
                                                                      : Result<void>();
  }
  const UniqueFd file(
      ::openat(directory, "silence", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno("write silence");
  }
  return {};
}

}  // namespace caisson::vmm
