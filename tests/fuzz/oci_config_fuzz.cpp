// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_oci
// config.json, process.json and an update's resources: any bytes end in a value or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/oci/config.h"
#include "runtime/oci/mount_options.h"
#include "runtime/oci/seccomp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caisson::runtime::oci;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto config = parse_config(text)) {
    for (const Mount& mount : config->mounts) (void)parse_mount_options(mount.options);
    if (config->linux_.seccomp) (void)compile_seccomp(*config->linux_.seccomp);
  }
  (void)parse_process(text);
  (void)parse_resources(text);
  return 0;
}
