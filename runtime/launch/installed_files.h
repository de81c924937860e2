// SPDX-License-Identifier: Apache-2.0
// The paths of the programs and files that a sandbox needs.
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::runtime {

struct InstalledFiles {
  std::string vmm;        // caisson-vmm
  std::string kernel;     // vmlinux
  std::string initramfs;  // initramfs.cpio
};

// $CAISSON_VMM, $CAISSON_KERNEL, $CAISSON_INITRAMFS; else beside this program in a build tree; else where
// `cmake --install` puts them beside it. Fails, naming the file, when one cannot be read.
Result<InstalledFiles> find_installed_files();
// The same without the check that they are there, for `check`.
[[nodiscard]] InstalledFiles expected_files();

}  // namespace caisson::runtime
