// SPDX-License-Identifier: Apache-2.0
// The descriptors that caisson's caller keeps open for the container's process: --preserve-fds, and
// LISTEN_FDS of sd_listen_fds(3). A VM cannot have them. For each it gets a stream of bytes that ends in it,
// the same device of its own, or a file that caisson-vmm serves. Other kinds are refused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/launch/preserved_descriptor.h"

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// The descriptors above 2 that are open now. Call it before anything else is opened.
[[nodiscard]] std::vector<int> open_descriptors();

// How many there are: `preserve_fds` by the option, and LISTEN_FDS if it is meant for this process
// (LISTEN_PID is absent or this process's id). EINVAL for a malformed number.
struct PreservedCount {
  int preserved = 0;
  int listened = 0;
  [[nodiscard]] int all() const { return preserved + listened; }
};
Result<PreservedCount> count_preserved(int64_t preserve_fds);

// The descriptors from 3 on that are in `open`. A closed one stays closed in the guest. EINVAL, with the
// number and the remedy, for a descriptor that cannot be passed on. E2BIG for more than the agent takes.
Result<std::vector<PreservedDescriptor>> find_preserved(const PreservedCount& count,
                                                        const std::vector<int>& open);

// Adds the descriptors to the process of token `token`. Adds LISTEN_FDS and LISTEN_PID to its environment
// unless they are there.
void fill_preserved(const std::vector<PreservedDescriptor>& preserved, const PreservedCount& count,
                    uint64_t token, agent::v1::Process& process);

}  // namespace caisson::runtime
