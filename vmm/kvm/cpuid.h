// SPDX-License-Identifier: Apache-2.0
// What CPUID tells the guest: KVM's own table, with the places filled in that depend on the machine.
#pragma once

#include <linux/kvm.h>

#include <cstdint>
#include <span>
#include <vector>

namespace caisson::vmm {

// The table of the vCPU with APIC id `id` among `cpus`, one core each in one package. `supported` is
// Kvm::supported_cpuid().
std::vector<kvm_cpuid_entry2> make_cpuid(std::span<const kvm_cpuid_entry2> supported, uint32_t id,
                                         uint32_t cpus);

}  // namespace caisson::vmm
