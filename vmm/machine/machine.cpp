// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine.h"

namespace caisson::vmm {

Result<void> check_size(const MachineConfig& config, uint64_t least_memory_bytes) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  const auto fits = [least_memory_bytes](uint64_t bytes) {
    return bytes % kMiB == 0 && bytes >= least_memory_bytes && bytes <= kMaxMachineMemoryBytes;
  };
  if (config.cpus < 1 || config.all_cpus() > kMostCpus) {
    return fail(EINVAL, "create machine: " + std::to_string(config.cpus) + " CPUs, and at most " +
                            std::to_string(config.all_cpus()) + ", are not within 1 and " +
                            std::to_string(kMostCpus));
  }
  if (!fits(config.memory_bytes) || !fits(config.ram_bytes())) {
    return fail(EINVAL, "create machine: memory of " + std::to_string(config.memory_bytes) +
                            " bytes, and at most " + std::to_string(config.ram_bytes()) +
                            ", is not in multiples of 1 MiB within " +
                            std::to_string(least_memory_bytes / kMiB) + " MiB and 1 TiB");
  }
  return {};
}

}  // namespace caisson::vmm
