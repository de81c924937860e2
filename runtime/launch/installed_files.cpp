// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/installed_files.h"

#include <unistd.h>

#include <array>

#include "runtime/launch/knobs.h"
#include "runtime/system/install_paths.h"

namespace caisson::runtime {
namespace {

std::string program_directory() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string_view program(path.data(), size > 0 ? static_cast<size_t>(size) : 0);
  return std::string(program.substr(0, program.rfind('/')));
}

// The first that exists, else the last.
std::string pick(const char* variable, const std::string& in_build_tree, const std::string& installed) {
  if (std::string chosen = environment(variable); !chosen.empty()) {
    return chosen;
  }
  return ::access(in_build_tree.c_str(), F_OK) == 0 ? in_build_tree : installed;
}

Result<void> must_be_readable(const std::string& path, const char* what, const char* variable, int mode) {
  if (::access(path.c_str(), mode) == 0) {
    return {};
  }
  return fail_errno(std::string("find ") + what + " at " + path + " (install it, or set " + variable + ")");
}

}  // namespace

InstalledFiles expected_files() {
  const std::string here = program_directory();
  return {.vmm = pick("CAISSON_VMM", here + "/caisson-vmm", here + "/" + kInstalledVmm),
          .kernel = pick("CAISSON_KERNEL", here + "/../share/vmlinux", here + "/" + kInstalledKernel),
          .initramfs =
              pick("CAISSON_INITRAMFS", here + "/../share/initramfs.cpio", here + "/" + kInstalledInitramfs)};
}

Result<InstalledFiles> find_installed_files() {
  InstalledFiles files = expected_files();
  TRY(must_be_readable(files.vmm, "caisson-vmm", "CAISSON_VMM", X_OK));
  TRY(must_be_readable(files.kernel, "the guest kernel", "CAISSON_KERNEL", R_OK));
  TRY(must_be_readable(files.initramfs, "the guest's initramfs", "CAISSON_INITRAMFS", R_OK));
  return files;
}

}  // namespace caisson::runtime
