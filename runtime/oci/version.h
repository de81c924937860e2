// SPDX-License-Identifier: Apache-2.0
// The version of the runtime specification this runtime follows: --version, features, spec.
#pragma once

namespace caisson::runtime::oci {

inline constexpr const char* kSpecificationVersion = "1.2.1";

}  // namespace caisson::runtime::oci
