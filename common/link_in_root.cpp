// SPDX-License-Identifier: Apache-2.0
#include "common/link_in_root.h"

#include <unistd.h>

#include <array>
#include <climits>

#include "common/resolve_in_root.h"

namespace caisson {

Result<std::string> read_link_at(int directory, const std::string& path) {
  std::array<char, PATH_MAX> target{};  // LIMIT: the kernel's
  const ssize_t n = ::readlinkat(directory, path.c_str(), target.data(), target.size());
  if (n < 0) {
    return fail_errno("read symbolic link");
  }
  return std::string(target.data(), static_cast<size_t>(n));
}

Result<void> make_link_in_root(int root, const std::string& path, const std::string& target) {
  const size_t slash = path.find_last_of('/');
  const std::string name = path.substr(slash + 1);
  if (slash == std::string::npos || name.empty() || name == "." || name == "..") {
    return fail(EINVAL, "make symbolic link: " + path + " names no file");
  }
  const UniqueFd directory = TRY(resolve_in_root(root, path.substr(0, slash + 1), Missing::make_directory));
  if (::symlinkat(target.c_str(), directory.get(), name.c_str()) == 0) {
    return {};
  }
  const int code = errno;
  // A root that cannot be written may have it.
  if (const auto present = read_link_at(directory.get(), name); present && *present == target) {
    return {};
  }
  return code == EEXIST ? fail(EEXIST, "make symbolic link: there is another file; remove it, or the mount")
                        : fail_errno("make symbolic link", code);
}

}  // namespace caisson
