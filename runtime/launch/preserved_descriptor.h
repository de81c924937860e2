// SPDX-License-Identifier: Apache-2.0
// One descriptor of caisson as the container's process gets it, and its description for the agent. Used for
// preserved descriptors and for standard input, output and error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace caisson::agent::v1 {
class PreservedDescriptor;
}

namespace caisson::runtime {

struct PreservedDescriptor {
  int number = -1;            // the number here and in the process
  bool reads = false;         // the process may read
  bool writes = false;        // the process may write
  uint32_t device_minor = 0;  // minor number of the guest's own device, of major 1
  bool is_file = false;       // caisson-vmm serves the file. Neither file nor device: a stream
  bool appends = false;       // for a file: writes go to its end
};

// A descriptor that needs no stream, because to read or write it never waits for another process: a device of
// which every opening is alike, a file, a block device. Files of procfs and sysfs are not among them: some
// make their readers wait.
[[nodiscard]] std::optional<PreservedDescriptor> find_file_or_device(int fd);

// The name by which the guest finds the file that `process` (its token) has as descriptor `number`.
[[nodiscard]] std::string served_name(uint64_t process, int number);

void fill_descriptor(const PreservedDescriptor& from, uint64_t process, agent::v1::PreservedDescriptor& to);

}  // namespace caisson::runtime
