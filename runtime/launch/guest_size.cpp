// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/guest_size.h"

#include <unistd.h>

#include <algorithm>

#include "common/guest_layout.h"
#include "runtime/launch/knobs.h"
#include "runtime/oci/cpu_list.h"
#include "runtime/oci/limits.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

uint64_t host_memory_bytes() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

// The size that the annotation org.caisson.NAME gives.
Result<std::optional<uint64_t>> annotated_size(const oci::Config& config, const std::string& name) {
  const std::string asked = annotation(config, name);
  if (asked.empty()) {
    return std::nullopt;
  }
  const auto bytes = parse_size(asked);
  if (!bytes || *bytes > memory_for_limit(UINT64_MAX)) {
    return fail(EINVAL, "annotations[\"org.caisson." + name + "\"]: \"" + asked +
                            "\" is not a size up to the host's memory, such as 512M");
  }
  return *bytes / kMiB * kMiB;
}

Result<uint64_t> choose_memory(const oci::Config& config) {
  if (const auto asked = TRY(annotated_size(config, "memory"))) {
    if (*asked < kMinimumMemoryBytes) {
      return fail(EINVAL, "annotations[\"org.caisson.memory\"]: " + annotation(config, "memory") +
                              " is too small to boot; give at least " +
                              std::to_string(kMinimumMemoryBytes / kMiB) + "M");
    }
    return *asked;
  }
  const auto limit = oci::memory_limit(config.linux_.resources);
  return limit ? memory_for_limit(*limit) : kDefaultMemoryBytes;
}

// Where the host promises no more memory than it has, a mapping is charged whole, touched or not.
bool host_overcommits() {
  const auto mode = read_file("/proc/sys/vm/overcommit_memory", 16);
  return mode && !mode->starts_with('2');
}

// How far a guest may grow unless told otherwise: RAM that nobody touches costs the host next to nothing.
uint64_t usual_max_memory(const oci::Config& config, uint64_t memory_bytes) {
  constexpr uint64_t kLeast = uint64_t{1} << 30;
  constexpr uint64_t kMost = guest_layout::kLargestGrowingBytes;
  if (oci::memory_limit(config.linux_.resources)) {
    return std::min({std::max(4 * memory_bytes, kLeast), memory_for_limit(UINT64_MAX), kMost});
  }
  // What it may use, no limit says: as much as it needs, but never so much that the host has nothing left.
  return annotation(config, "memory").empty() && host_overcommits()
             ? std::min(host_memory_bytes() / 2 / guest_layout::kBlockBytes * guest_layout::kBlockBytes,
                        kMost)
             : memory_bytes;
}

Result<uint64_t> choose_max_memory(const oci::Config& config, uint64_t memory_bytes) {
  constexpr uint64_t kMost = guest_layout::kLargestGrowingBytes;
  const auto asked = TRY(annotated_size(config, "max-memory"));
  if (asked && (*asked < memory_bytes || *asked > std::max(memory_bytes, kMost))) {
    return fail(EINVAL, "annotations[\"org.caisson.max-memory\"]: " + annotation(config, "max-memory") +
                            " is not within what the guest has from the beginning, " +
                            std::to_string(memory_bytes / kMiB) + "M, and " + std::to_string(kMost / kMiB) +
                            "M");
  }
  const uint64_t most = asked.value_or(usual_max_memory(config, memory_bytes));
  return most > memory_bytes ? guest_layout::round_up_to_block(most) : memory_bytes;
}

Result<uint32_t> choose_cpus(const oci::Config& config) {
  const std::string asked = annotation(config, "cpus");
  if (!asked.empty()) {
    if (const auto cpus = number_within(asked, kMostCpus)) {
      return *cpus;
    }
    return fail(EINVAL, "annotations[\"org.caisson.cpus\"]: \"" + asked + "\" is not a number from 1 to " +
                            std::to_string(kMostCpus));
  }
  uint64_t cpus = 1;
  if (const auto& cpu = config.linux_.resources.cpu) {
    const uint64_t period = oci::cpu_period_us(*cpu);
    if (const auto quota = oci::cpu_quota_us(config.linux_.resources)) {
      cpus = *quota / period + (*quota % period == 0 ? 0 : 1);
    } else if (!cpu->cpus.empty()) {
      cpus = TRY_CONTEXT("linux.resources.cpu.cpus", oci::parse_cpu_list(cpu->cpus, oci::kHighestOfKernel))
                 .size();
    }
  }
  return static_cast<uint32_t>(std::clamp<uint64_t>(cpus, 1, kMostCpus));
}

Result<uint32_t> choose_max_cpus(const oci::Config& config, uint32_t cpus) {
  const std::string asked = annotation(config, "max-cpus");
  if (asked.empty()) {
    return cpus;
  }
  const auto most = number_within(asked, kMostCpus);
  if (!most || *most < cpus) {
    return fail(EINVAL, "annotations[\"org.caisson.max-cpus\"]: \"" + asked + "\" is not a number from " +
                            std::to_string(cpus) + " to " + std::to_string(kMostCpus));
  }
  return *most;
}

}  // namespace

Result<void> choose_size(const oci::Config& config, MachineSpec& machine) {
  machine.memory_bytes = TRY(choose_memory(config));
  machine.max_memory_bytes = TRY(choose_max_memory(config, machine.memory_bytes));
  machine.cpus = TRY(choose_cpus(config));
  machine.max_cpus = TRY(choose_max_cpus(config, machine.cpus));
  return {};
}

bool grows_by_need(const oci::Config& config, const MachineSpec& machine) {
  // memory.high is where the agent sets its mark.
  const oci::Resources& resources = config.linux_.resources;
  return machine.max_memory_bytes > machine.memory_bytes && !oci::memory_limit(resources) &&
         !resources.unified.contains("memory.high");
}

uint64_t memory_for_limit(uint64_t limit) {
  // The kernel describes each 4 KiB page by 64 bytes. A limit beyond the host's memory limits nothing.
  limit = std::min(limit, host_memory_bytes());
  const uint64_t wanted = limit + limit / 64 + kGuestOverheadBytes;
  return std::max((wanted + kMiB - 1) / kMiB * kMiB, kMinimumMemoryBytes);
}

}  // namespace caisson::runtime
