// SPDX-License-Identifier: Apache-2.0
#include "common/socket_path.h"

#include <fcntl.h>

#include <cstring>

namespace caisson {

Result<SocketPath> SocketPath::of(const std::string& path) {
  SocketPath made;
  made.address_.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof(made.address_.sun_path)) {
    const size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    made.directory_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!made.directory_) {
      return fail_errno("open " + directory);
    }
    name = "/proc/self/fd/" + std::to_string(made.directory_.get()) + "/" +
           path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (name.size() >= sizeof(made.address_.sun_path)) {
      return fail(ENAMETOOLONG, "socket " + path + ": its name is too long");
    }
  }
  std::memcpy(made.address_.sun_path, name.c_str(), name.size() + 1);
  return made;
}

}  // namespace caisson
