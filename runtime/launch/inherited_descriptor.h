// SPDX-License-Identifier: Apache-2.0
// One descriptor of ours as the process shall have it, and its words for the agent. Used for what is
// preserved and for standard input, output and error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace caisson::agent::v1 {
class InheritedDescriptor;
}

namespace caisson::runtime {

struct InheritedDescriptor {
  int number = -1;            // ours and the process's
  bool reads = false;         // the process may
  bool writes = false;        // so may it
  uint32_t device_minor = 0;  // the guest's own device of major 1
  bool is_file = false;       // caisson-vmm serves it; neither: a stream
  bool appends = false;       // of a file
};

// What needs no stream, for reading or writing it never waits for anybody: a device whose every opening is as
// good as any other, a file, a block device. Not the files of procfs and sysfs, of which some do.
[[nodiscard]] std::optional<InheritedDescriptor> find_file_or_device(int fd);

// The name by which the guest finds the file that `process` (its token) has as descriptor `number`.
[[nodiscard]] std::string served_name(uint64_t process, int number);

void fill_descriptor(const InheritedDescriptor& from, uint64_t process, agent::v1::InheritedDescriptor& to);

}  // namespace caisson::runtime
