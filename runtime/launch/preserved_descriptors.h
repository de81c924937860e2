// SPDX-License-Identifier: Apache-2.0
// The descriptors that caisson's caller keeps open for the container's process: --preserve-fds, and
// LISTEN_FDS of sd_listen_fds(3). A VM cannot have them; it gets a stream of bytes that ends in each, the
// same device of its own, or a file that caisson-vmm serves. What is none of these is refused. Used by create
// and exec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "runtime/launch/inherited_descriptor.h"

namespace caisson::agent::v1 {
class Process;
}

namespace caisson::runtime {

// The descriptors above 2 that are open now. To be asked before anything else is opened.
[[nodiscard]] std::vector<int> open_descriptors();

// How many there are: `preserve_fds` of the option, and LISTEN_FDS where it is meant for us (LISTEN_PID is
// absent or our process id). EINVAL for a number that is none.
struct InheritedCount {
  int preserved = 0;
  int listened = 0;
  [[nodiscard]] int all() const { return preserved + listened; }
};
Result<InheritedCount> count_inherited(int64_t preserve_fds);

// Those numbered from 3 on that are in `open`. One that is not open stays closed in the guest. EINVAL, which
// names the descriptor and the remedy, for what cannot be passed on; E2BIG for more than the agent takes.
Result<std::vector<InheritedDescriptor>> find_inherited(const InheritedCount& count,
                                                        const std::vector<int>& open);

// Adds them to the process, whose token is `token`, and LISTEN_FDS and LISTEN_PID to its environment unless
// they are there.
void fill_inherited(const std::vector<InheritedDescriptor>& inherited, const InheritedCount& count,
                    uint64_t token, agent::v1::Process& process);

}  // namespace caisson::runtime
