// SPDX-License-Identifier: Apache-2.0
// A Unix socket by its path, however long: state directories may be deep, and the kernel's field is not. A
// path that does not fit goes through a descriptor of its directory. Used by all code that binds or connects
// such a socket.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson {

class SocketPath {
 public:
  // The directory must be there; the socket itself need not be.
  static Result<SocketPath> of(const std::string& path);

  // Good while this object lives, in this process.
  [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_un); }

 private:
  sockaddr_un address_{};
  UniqueFd directory_;
};

}  // namespace caisson
