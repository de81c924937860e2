// SPDX-License-Identifier: Apache-2.0
// The answer to READDIR for a directory of the view: its entries, as the host's kernel reads them. Used by
// the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "vmm/proc_view/guest_proc.h"
#include "vmm/proc_view/tree.h"

namespace caisson::vmm {

// Whole entries from the `offset`-th on, "." and ".." being the first two, at most `bytes` of them; none
// after the last. `known` is the guest's answer about the directory, if the guest had to be asked.
[[nodiscard]] std::string listing_of(ProcNode directory, const ProcDirectory* known, uint64_t offset,
                                     size_t bytes);

}  // namespace caisson::vmm
