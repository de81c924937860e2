// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/recorded_config.h"

namespace caisson::runtime {

Result<oci::Config> recorded_config(const ContainerDirectory& directory) {
  return TRY_CONTEXT(directory.file("config.json"), oci::parse_config(TRY(directory.read("config.json"))));
}

}  // namespace caisson::runtime
