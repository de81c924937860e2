// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/growth.h"

#include <algorithm>

#include "runtime/launch/guest_size.h"
#include "runtime/oci/limits.h"

namespace caisson::runtime {
namespace {

Result<void> grow_memory(uint64_t limit, GuestSize& guest) {
  const guest_layout::Ram ram = guest_layout::grown(guest.ram, memory_for_limit(limit));
  if (ram.usable_bytes > guest.ram.usable_bytes && ram.end() > guest.max_memory_bytes) {
    return fail(ENOSPC, "update memory limit: the VM would need " + std::to_string(ram.end() / kMiB) +
                            " MiB, it was made for at most " + std::to_string(guest.max_memory_bytes / kMiB) +
                            " MiB; recreate the container with a larger limit or the annotation "
                            "org.caisson.max-memory");
  }
  guest.ram = ram;
  return {};
}

__extension__ using Wide = unsigned __int128;

bool is_more(uint64_t quota_us, uint64_t period_us, const CpuTime& in_force) {
  return in_force.quota_us > 0 &&
         Wide{quota_us} * in_force.period_us > Wide{static_cast<uint64_t>(in_force.quota_us)} * period_us;
}

Result<void> grow_cpus(uint64_t quota_us, uint64_t period_us, const CpuTime& in_force, GuestSize& guest) {
  const uint64_t wanted = quota_us / period_us + (quota_us % period_us == 0 ? 0 : 1);
  // No more than before is no growth, whatever the machine: it may have been made with fewer CPUs.
  if (wanted > guest.max_cpus && is_more(quota_us, period_us, in_force)) {
    return fail(ENOSPC, "update CPU quota: it is the time of " + std::to_string(wanted) +
                            " CPUs, the VM was made for at most " + std::to_string(guest.max_cpus) +
                            "; recreate the container with a larger quota or the annotation "
                            "org.caisson.max-cpus");
  }
  guest.cpus = std::max(guest.cpus, static_cast<uint32_t>(std::min<uint64_t>(wanted, guest.max_cpus)));
  return {};
}

}  // namespace

Result<GuestSize> grown_for(const oci::Resources& resources, GuestSize now, const CpuTime& in_force) {
  if (const auto limit = oci::memory_limit(resources)) {
    TRY(grow_memory(*limit, now));
  }
  if (const auto quota = oci::cpu_quota_us(resources)) {
    TRY(grow_cpus(*quota, oci::cpu_period_us(*resources.cpu, in_force.period_us), in_force, now));
  }
  return now;
}

}  // namespace caisson::runtime
