// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/oom_mark.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/unique_fd.h"
#include "protocol/sandbox/files.h"

namespace caisson::runtime {
namespace {

constexpr const char* kMark = sandbox_file::kOomMark;

bool is_link(int directory) {
  char first = 0;
  return ::readlinkat(directory, kMark, &first, 1) >= 0;
}

}  // namespace

void link_oom_mark(const oci::Config& config, const std::string& bundle,
                   const std::string& output_directory) {
  const auto manager = config.annotations.find("io.container.manager");
  if (manager == config.annotations.end() || manager->second != "libpod") {
    return;
  }
  const UniqueFd directory(::open(bundle.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string target = output_directory + "/oom/.";
  int linked = directory ? ::symlinkat(target.c_str(), directory.get(), kMark) : -1;
  if (linked < 0 && errno == EEXIST) {
    if (!is_link(directory.get())) {
      return;  // conmon's own
    }
    // Of this container's last run.
    ::unlinkat(directory.get(), kMark, 0);
    linked = ::symlinkat(target.c_str(), directory.get(), kMark);
  }
  if (linked < 0 && errno != EEXIST) {
    spdlog::warn("link {}/{}: {}; podman will not be told of an OOM kill", bundle, kMark,
                 std::strerror(errno));
  }
}

}  // namespace caisson::runtime
