// SPDX-License-Identifier: Apache-2.0
// What caisson-vmm leaves in its directory for `caisson state` and for engines (protocol/sandbox/files.h).
#pragma once

#include <string>

#include "common/result.h"
#include "protocol/sandbox/exit_record.h"

namespace caisson::vmm {

// Writes exit.json atomically into `directory`, an open descriptor, and makes the mark of an OOM kill first.
Result<void> write_exit_record(int directory, const ExitRecord& record);

// Writes what `caisson state` says while the guest keeps silent. An empty text: the guest has spoken again.
Result<void> write_silence(int directory, const std::string& text);

}  // namespace caisson::vmm
