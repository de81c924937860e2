// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "common/unique_fd.h"
#include "protocol/sandbox/files.h"

namespace caisson::vmm {
namespace {

constexpr const char* kUnfinished = "exit.json.new";

Result<void> write_file(int directory, const char* name, const std::string& text) {
  const UniqueFd file(::openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(std::string("write ") + name);
  }
  return {};
}

}  // namespace

Result<void> write_exit_record(int directory, const ExitRecord& record) {
  // runtime/lifecycle/oom_mark.h: only that it is there counts.
  if (record.out_of_memory && ::mkdirat(directory, sandbox_file::kOomMark, 0700) < 0 && errno != EEXIST) {
    return fail_errno("make oom");
  }
  TRY(write_file(directory, kUnfinished, to_text(record)));
  if (::renameat(directory, kUnfinished, directory, sandbox_file::kExitRecord) < 0) {
    return fail_errno("write exit.json");
  }
  return {};
}

Result<void> write_silence(int directory, const std::string& text) {
  if (!text.empty()) {
    return write_file(directory, sandbox_file::kSilence, text);
  }
  if (::unlinkat(directory, sandbox_file::kSilence, 0) < 0 && errno != ENOENT) {
    return fail_errno("remove silence");
  }
  return {};
}

}  // namespace caisson::vmm
