// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/oci/config.h"

namespace caisson::runtime {

// A configuration with org.caisson.NAME and nothing else.
inline oci::Config with_annotation(const std::string& name, const std::string& value) {
  oci::Config config;
  config.annotations["org.caisson." + name] = value;
  return config;
}

}  // namespace caisson::runtime
