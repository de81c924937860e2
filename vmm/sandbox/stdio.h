// SPDX-License-Identifier: Apache-2.0
// The container's stdio as caisson-vmm holds it: descriptors 0, 1 and 2 and what else the process inherits,
// turned into streams that the vsock device can read and write without blocking. Made before the jail closes,
// since it needs /proc.
#pragma once

#include <vector>

#include "protocol/agent/stream_hello.h"
#include "protocol/launch/launch_spec.h"
#include "vmm/virtio/vsock/stream.h"

namespace caisson::vmm {

struct StdioStream {
  agent::StreamKind kind;
  uint16_t descriptor;  // of kind preserved: the process's number for it; else 0
  vsock::Stream stream;
  bool is_our_stderr = false;  // descriptor 2 is the same place
};

// Takes over what `stdio` says of descriptors 0, 1 and 2. A terminal is put into raw mode (the guest's
// terminal does the editing) and becomes this session's controlling terminal, so that SIGWINCH arrives.
Result<std::vector<StdioStream>> take_stdio(const LaunchSpec::Stdio& stdio);

// The files to be served, in order. Call it before take_stdio(), which lets go of 0 and 1.
Result<std::vector<UniqueFd>> take_served(const std::vector<LaunchSpec::Served>& served);

// Takes over the other descriptors that the process inherits. EINVAL for a kind that LaunchSpec::Preserved
// does not name.
Result<std::vector<StdioStream>> take_preserved(const std::vector<LaunchSpec::Preserved>& preserved);

// The container has closed its standard error (StdioStream::is_our_stderr). Lets the reader of caisson-vmm's
// standard error see that.
void let_go_of_stderr();

}  // namespace caisson::vmm
