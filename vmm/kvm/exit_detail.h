// SPDX-License-Identifier: Apache-2.0
// Describes for an operator an exit that ends a machine [kvm-api] 5.
#pragma once

#include <linux/kvm.h>

#include <string>

namespace caisson::vmm {

[[nodiscard]] std::string describe_exit(const kvm_run& run);

}  // namespace caisson::vmm
