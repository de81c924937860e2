// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/oom_mark.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace caisson::runtime {

void link_oom_mark(const oci::Config& config, const std::string& bundle, const std::string& state_directory) {
  const auto manager = config.annotations.find("io.container.manager");
  if (manager == config.annotations.end() || manager->second != "libpod") {
    return;
  }
  const std::string mark = bundle + "/oom";
  struct stat info {};
  // The link of this container's last run; a file there is conmon's own.
  if (::lstat(mark.c_str(), &info) == 0 && S_ISLNK(info.st_mode)) {
    ::unlink(mark.c_str());
  }
  if (::symlink((state_directory + "/oom").c_str(), mark.c_str()) < 0 && errno != EEXIST) {
    spdlog::warn("link {}: {}; podman will not be told of an OOM kill", mark, std::strerror(errno));
  }
}

}  // namespace caisson::runtime
