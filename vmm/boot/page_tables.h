// SPDX-License-Identifier: Apache-2.0
// The descriptor table and the identity-mapping page tables the guest starts on [boot] "64-bit boot
// protocol".
#pragma once

#include <array>
#include <cstdint>

#include "common/result.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

// null, unused, __BOOT_CS (0x10), __BOOT_DS (0x18); flat, ring 0 [sdm] 3.4.5.
inline constexpr std::array<uint64_t, 4> kBootGdt = {0, 0, 0x00af'9b00'0000'ffff, 0x00cf'9300'0000'ffff};
inline constexpr uint16_t kBootCodeSelector = 0x10;
inline constexpr uint16_t kBootDataSelector = 0x18;

// Writes the GDT at layout::kGdt and tables that map the first GiB to itself at layout::kPageTables (the
// root).
Result<void> write_boot_tables(const GuestMemory& memory);

}  // namespace caisson::vmm
