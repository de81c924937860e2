// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/fs/export.h"

#include <algorithm>

#include "vmm/virtio/fs/host_file.h"

namespace caisson::vmm::fs {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-';
}

}  // namespace

Result<void> Export::check_name(const std::string& name) {
  constexpr size_t kMaxExportName = 64;
  if (name.empty() || name.size() > kMaxExportName || name == "." || name == ".." ||
      !std::all_of(name.begin(), name.end(), is_name_character)) {
    return fail(EINVAL, "export '" + name + "': a name is 1 to 64 of A-Z a-z 0-9 _ . -");
  }
  return {};
}

Result<void> Export::check() const {
  TRY(check_name(name));
  const std::string what = "export '" + name + "'";
  if (!fd) {
    return fail(EBADF, what + ": no descriptor was given");
  }
  const struct statx stat = TRY_CONTEXT(what + ": stat", stat_at(fd.get(), ""));
  // Of a socket only the attributes are served: connections take another way (vmm/jail/host_sockets.h).
  if (!S_ISDIR(stat.stx_mode) && !S_ISREG(stat.stx_mode) && !S_ISSOCK(stat.stx_mode)) {
    return fail(EINVAL, what +
                            ": neither a directory nor a regular file nor a socket, which is all that files "
                            "of the host can be in a guest");
  }
  if (TRY_CONTEXT(what + ": statfs", is_kernel_interface(fd.get()))) {
    return fail(
        EPERM,
        what + ": its file system speaks for the host's kernel (procfs, sysfs, …); mount the guest's own");
  }
  return {};
}

}  // namespace caisson::vmm::fs
