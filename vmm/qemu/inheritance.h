// SPDX-License-Identifier: Apache-2.0
// Descriptors made for QEMU to inherit. All lie above the standard streams, which are the child's own.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

struct SocketPair {
  UniqueFd ours;  // non-blocking
  UniqueFd theirs;
};

Result<SocketPair> make_socket_pair();

// Opens a regular file that is not empty for reading. `what` names it in errors.
Result<UniqueFd> open_file(const std::string& what, const std::string& path);

// The size in bytes of a guest kernel; fails where it is no ELF file. `path` is for the error alone.
Result<uint64_t> check_is_elf(int fd, const std::string& path);

}  // namespace caisson::vmm
