// SPDX-License-Identifier: Apache-2.0
// Reading and replacing whole small files, used by every part of the runtime.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"

namespace caisson::runtime {

// EFBIG when it is larger than `limit`.
Result<std::string> read_file(const std::string& path, size_t limit);
// The same for a file in a directory to which a stranger writes. Only a regular file is read, and no link is
// followed. EPROTO for anything else.
Result<std::string> read_strangers_file(const std::string& directory, const std::string& name, size_t limit);
Result<std::string> read_all(int fd, const std::string& what, size_t limit);
// A file of procfs or cgroupfs takes its text in one write.
Result<void> write_file(const std::string& path, std::string_view text);
// Readers see the old text or the new, whole.
Result<void> replace_file(const std::string& path, std::string_view text, mode_t mode);
// The same, but EEXIST if there is a file already.
Result<void> create_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace caisson::runtime
