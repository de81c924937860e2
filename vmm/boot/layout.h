// SPDX-License-Identifier: Apache-2.0
// Where things lie in the guest's physical memory at its first instruction. docs/memory-map.md is the same as
// a table; tests/unit/vmm/boot/layout_test.cpp compares the two. Used by vmm/boot and vmm/kvm.
#pragma once

#include <cstdint>

#include "vmm/memory/guest_memory.h"

namespace caisson::vmm::layout {

// Low RAM. All of it is caisson-vmm's until Linux has read what it needs.
inline constexpr GuestAddress kGdt{0x500};
inline constexpr GuestAddress kBootParams{0x7000};
inline constexpr GuestAddress kPageTables{0x9000};  // three pages
inline constexpr GuestAddress kBootStackTop{0x9000};
inline constexpr GuestAddress kCommandLine{0x2'0000};
inline constexpr GuestAddress kSetupData{0x4'0000};
inline constexpr uint64_t kLowRamEnd = 0x9'fc00;  // the PC's hole for firmware follows

inline constexpr uint64_t kHighRamStart = 0x10'0000;

// Devices, in the hole below 4 GiB.
inline constexpr GuestAddress kVirtioMmio{0xd000'0000};
inline constexpr uint64_t kVirtioMmioBytes = 0x1000;
inline constexpr GuestAddress kIoApic{0xfec0'0000};
inline constexpr GuestAddress kLocalApic{0xfee0'0000};
inline constexpr GuestAddress kKvmIdentityMap{
    0xfffb'c000};                                    // one page; used by VMX without unrestricted guest
inline constexpr GuestAddress kKvmTss{0xfffb'd000};  // three pages, likewise

// Pins of the IOAPIC.
inline constexpr uint32_t kSerialPin = 4;
inline constexpr uint32_t kFirstVirtioPin = 5;
// LIMIT: pins 5 to 23.
inline constexpr uint32_t kMaxVirtioDevices = 19;

}  // namespace caisson::vmm::layout
