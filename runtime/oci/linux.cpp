// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/linux.h"

#include <algorithm>

namespace caisson::runtime::oci {

const Namespace* Linux::find_namespace(uint64_t flag) const {
  const auto found = std::find_if(namespaces.begin(), namespaces.end(),
                                  [&](const Namespace& n) { return n.type.flag == flag; });
  return found == namespaces.end() ? nullptr : &*found;
}

}  // namespace caisson::runtime::oci
