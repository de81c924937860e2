// SPDX-License-Identifier: Apache-2.0
// exit.json: why the sandbox ended, for `caisson state` and for people. Written last, by caisson-vmm; absent
// when it was killed. Whoever reads it trusts nothing of it: ContainerDirectory::read_output().
#pragma once

#include <string>

#include "common/result.h"

namespace caisson::vmm {

struct ExitRecord {
  int exit_code = 0;           // what caisson-vmm exits with
  bool out_of_memory = false;  // the guest's kernel killed a process of the container over its memory limit
  std::string guest_lost;      // why the guest itself ended (panic, machine error); empty when it did not
};

// Writes it atomically into `directory`, an open descriptor.
Result<void> write_exit_record(int directory, const ExitRecord& record);

// Beside it, while the guest keeps silent: what `caisson state` says of that. Empty: it has spoken again.
Result<void> write_silence(int directory, const std::string& text);

}  // namespace caisson::vmm
