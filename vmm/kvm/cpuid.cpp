// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/cpuid.h"

#include <bit>

namespace caisson::vmm {
namespace {

uint32_t with_field(uint32_t word, unsigned shift, unsigned width, uint32_t value) {
  const uint32_t mask = ((uint32_t{1} << width) - 1) << shift;
  return (word & ~mask) | ((value << shift) & mask);
}

// [sdm] CPUID.01H.
void set_features(kvm_cpuid_entry2& entry, uint32_t id, uint32_t cpus) {
  entry.ebx = with_field(entry.ebx, 16, 8, cpus);
  entry.ebx = with_field(entry.ebx, 24, 8, id);
  entry.ecx |= 1U << 24U;  // TSC deadline timer: KVM has it and leaves it to us to say so
  entry.ecx |= 1U << 31U;  // hypervisor present
  entry.edx = with_field(entry.edx, 28, 1, cpus > 1 ? 1 : 0);  // EBX[23:16] is valid
}

// [sdm] CPUID.04H; [apm] CPUID Fn8000_001D: level 1 and 2 caches are a core's own, the rest the package's.
void set_cache(kvm_cpuid_entry2& entry, uint32_t cpus) {
  const uint32_t type = entry.eax & 0x1fU;
  if (type == 0) {
    return;
  }
  const uint32_t level = (entry.eax >> 5U) & 7U;
  entry.eax = with_field(entry.eax, 14, 12, level >= 3 ? cpus - 1 : 0);
  if (entry.function == 4) {
    entry.eax = with_field(entry.eax, 26, 6, std::bit_ceil(cpus) - 1);
  }
}

// [sdm] CPUID.0BH, CPUID.1FH: threads of a core (one), then cores of the package.
void set_topology(kvm_cpuid_entry2& entry, uint32_t id, uint32_t cpus) {
  constexpr uint32_t kSmt = 1;
  constexpr uint32_t kCore = 2;
  entry.eax = entry.ebx = entry.ecx = 0;
  entry.edx = id;
  if (entry.index == 0) {
    entry.ebx = 1;
    entry.ecx = kSmt << 8U;
  } else if (entry.index == 1) {
    entry.eax = static_cast<uint32_t>(std::bit_width(cpus - 1));
    entry.ebx = cpus;
    entry.ecx = (kCore << 8U) | 1U;
  } else {
    entry.ecx = entry.index;
  }
}

}  // namespace

std::vector<kvm_cpuid_entry2> make_cpuid(std::span<const kvm_cpuid_entry2> supported, uint32_t id,
                                         uint32_t cpus) {
  std::vector<kvm_cpuid_entry2> table(supported.begin(), supported.end());
  bool has_cores = false;
  for (kvm_cpuid_entry2& entry : table) {
    switch (entry.function) {
      case 0x1:
        set_features(entry, id, cpus);
        break;
      case 0x4:
      case 0x8000'001d:
        set_cache(entry, cpus);
        break;
      case 0x6:
        entry.eax |= 1U << 2U;     // ARAT: the APIC timer never stops
        entry.ecx &= ~(1U << 3U);  // no energy bias register
        break;
      case 0xb:
      case 0x1f:
        set_topology(entry, id, cpus);
        has_cores = has_cores || (entry.function == 0xb && entry.index == 1);
        break;
      case 0x8000'0008:  // [apm] Fn8000_0008 ECX: core count, size of the core field of the APIC id
        entry.ecx = with_field(entry.ecx, 0, 8, cpus - 1);
        entry.ecx = with_field(entry.ecx, 12, 4, static_cast<uint32_t>(std::bit_width(cpus - 1)));
        break;
      case 0x8000'001e:  // [apm] Fn8000_001E: extended APIC id, core id, one node
        entry.eax = id;
        entry.ebx = id & 0xffU;
        entry.ecx = 0;
        break;
      default:
        break;
    }
  }
  // KVM lists sub-leaf 0 alone on hosts without the leaf.
  for (size_t i = 0; !has_cores && i < table.size(); ++i) {
    if (table[i].function == 0xb && table[i].index == 0) {
      kvm_cpuid_entry2 cores = table[i];
      cores.index = 1;
      set_topology(cores, id, cpus);
      table.push_back(cores);
      break;
    }
  }
  return table;
}

}  // namespace caisson::vmm
