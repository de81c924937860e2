// SPDX-License-Identifier: Apache-2.0
// The register file of a virtio-mmio device, letter for letter [virtio-1.2] 4.2.2. Used by the transport and
// its tests.
#pragma once

#include <cstdint>

namespace caisson::vmm::mmio {

// Offsets. R: the driver reads it, W: it writes it.
enum class Register : uint32_t {
  MagicValue = 0x000,         // R
  Version = 0x004,            // R
  DeviceID = 0x008,           // R
  VendorID = 0x00c,           // R
  DeviceFeatures = 0x010,     // R
  DeviceFeaturesSel = 0x014,  // W
  DriverFeatures = 0x020,     // W
  DriverFeaturesSel = 0x024,  // W
  QueueSel = 0x030,           // W
  QueueNumMax = 0x034,        // R
  QueueNum = 0x038,           // W
  QueueReady = 0x044,         // RW
  QueueNotify = 0x050,        // W
  InterruptStatus = 0x060,    // R
  InterruptACK = 0x064,       // W
  Status = 0x070,             // RW
  QueueDescLow = 0x080,       // W, as are the five that follow
  QueueDescHigh = 0x084,
  QueueDriverLow = 0x090,
  QueueDriverHigh = 0x094,
  QueueDeviceLow = 0x0a0,
  QueueDeviceHigh = 0x0a4,
  SHMSel = 0x0ac,     // W
  SHMLenLow = 0x0b0,  // R, as are the three that follow
  SHMLenHigh = 0x0b4,
  SHMBaseLow = 0x0b8,
  SHMBaseHigh = 0x0bc,
  QueueReset = 0x0c0,        // RW
  ConfigGeneration = 0x0fc,  // R
};

inline constexpr uint32_t kConfigStart = 0x100;
inline constexpr uint32_t kRegisterBytes = 0x1000;  // of one device, its configuration space included

inline constexpr uint32_t kMagic = 0x7472'6976;  // "virt"
inline constexpr uint32_t kVersion = 2;
inline constexpr uint32_t kVendor = 0x4943'5343;  // "CSCI"; ours to choose [virtio-1.2] 4.2.2

// Bits of InterruptStatus and InterruptACK.
inline constexpr uint32_t kUsedBuffer = 1U << 0U;
inline constexpr uint32_t kConfigChange = 1U << 1U;

// Bits of Status [virtio-1.2] 2.1.
inline constexpr uint32_t ACKNOWLEDGE = 1;
inline constexpr uint32_t DRIVER = 2;
inline constexpr uint32_t DRIVER_OK = 4;
inline constexpr uint32_t FEATURES_OK = 8;
inline constexpr uint32_t DEVICE_NEEDS_RESET = 64;
inline constexpr uint32_t FAILED = 128;

// Feature bits that are the transport's to offer [virtio-1.2] 6.
inline constexpr uint64_t VIRTIO_F_INDIRECT_DESC = uint64_t{1} << 28;
inline constexpr uint64_t VIRTIO_F_EVENT_IDX = uint64_t{1} << 29;
inline constexpr uint64_t VIRTIO_F_VERSION_1 = uint64_t{1} << 32;

}  // namespace caisson::vmm::mmio
