// SPDX-License-Identifier: Apache-2.0
// A container without a memory limit is given more of the machine's memory before the guest runs out of it
// (docs/decisions/0006-growth.md). Its cgroup's memory.high makes it wait before the guest is full, and
// notifies the agent. The kernel takes back what the container has only cached.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cgroup/cgroup.h"
#include "common/result.h"

namespace caisson::agent {

class SpareMemory {
 public:
  // `blocks` as in agent.proto, `devices` is /sys/devices/system; `cgroup` outlives the object.
  // `available_bytes` is what the guest has for containers now.
  static Result<std::unique_ptr<SpareMemory>> create(const Cgroup& cgroup, std::string devices,
                                                     std::vector<uint64_t> blocks, uint64_t available_bytes);

  // Call it when memory.events has changed: adds blocks if the container needs them.
  Result<void> look();

 private:
  SpareMemory(const Cgroup& cgroup, std::string devices, std::vector<uint64_t> blocks)
      : cgroup_(cgroup), devices_(std::move(devices)), blocks_(std::move(blocks)) {}
  [[nodiscard]] uint64_t needed_bytes() const;
  Result<void> raise_to(uint64_t wanted_bytes);
  Result<void> set_mark();

  const Cgroup& cgroup_;
  std::string devices_;
  std::vector<uint64_t> blocks_;
  size_t added_ = 0;         // how many of the blocks
  uint64_t mark_bytes_ = 0;  // memory.high, while there are more blocks
  uint64_t waits_ = 0;       // of memory.events, as last read
};

// MemAvailable of /proc/meminfo, in bytes; and of a text like it.
Result<uint64_t> available_memory();
Result<uint64_t> parse_available_memory(std::string_view meminfo);

}  // namespace caisson::agent
