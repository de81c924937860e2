// SPDX-License-Identifier: Apache-2.0
// exit.json: why the sandbox ended, for `caisson state` and for people. Written last, by caisson-vmm; absent
// when it was killed.
#pragma once

#include <string>
#include <string_view>

namespace caisson {

struct ExitRecord {
  int exit_code = 0;           // what caisson-vmm exits with
  bool out_of_memory = false;  // the guest's kernel killed a process of the container over its memory limit
  std::string guest_lost;      // why the guest itself ended (panic, machine error); empty when it did not
};

std::string to_text(const ExitRecord& record);

// Reads foreign text: a member that is missing, or not of its type, keeps its default. `guest_lost` is made
// harmless and cut.
ExitRecord parse_exit_record(std::string_view text);

}  // namespace caisson
