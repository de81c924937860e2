// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/limit_files.h"

#include <unistd.h>

#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

Result<void> write_limit(const std::string& directory, const CgroupWrite& write) {
  const std::string preferred = directory + "/" + write.preferred_file;
  const bool is_there = !write.preferred_file.empty() && ::access(preferred.c_str(), F_OK) == 0;
  return is_there ? write_file(preferred, write.preferred_text)
                  : write_file(directory + "/" + write.file, write.text);
}

}  // namespace

Result<void> write_limits(const std::string& directory, const std::vector<CgroupWrite>& writes,
                          std::string_view controller) {
  // ORDERING: v1 checks a new period against the quota in force, and that again against the parent's: what it
  // will not take before its fellows it may take after them.
  std::vector<const CgroupWrite*> again;
  for (const CgroupWrite& write : writes) {
    if (!controller.empty() && write.controller != controller) {
      continue;
    }
    auto written = write_limit(directory, write);
    if (!written && written.error().code == EINVAL) {
      again.push_back(&write);
      continue;
    }
    TRY_CONTEXT(write.path, std::move(written));
  }
  for (const CgroupWrite* write : again) {
    TRY_CONTEXT(write->path, write_limit(directory, *write));
  }
  return {};
}

}  // namespace caisson::runtime
