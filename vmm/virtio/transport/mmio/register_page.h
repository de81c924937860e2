// SPDX-License-Identifier: Apache-2.0
// The page of memory that holds what a driver can read of a virtio-mmio device. The machine may show it to
// the guest as read-only memory: then a read costs no exit. Its partner is Transport, the only writer; the
// guest reads at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vmm/virtio/transport/mmio/registers.h"

namespace caisson::vmm::mmio {

class RegisterPage {
 public:
  // Borrowed; page aligned.
  explicit RegisterPage(std::span<std::byte, kRegisterBytes> bytes) : bytes_(bytes) {}

  void store(Register offset, uint32_t value) { word(offset).store(value, std::memory_order_release); }
  [[nodiscard]] uint32_t load(Register offset) const { return word(offset).load(std::memory_order_acquire); }
  // Both return the value from before. Any thread.
  uint32_t set_bits(Register offset, uint32_t bits) { return word(offset).fetch_or(bits); }
  uint32_t clear_bits(Register offset, uint32_t bits) { return word(offset).fetch_and(~bits); }

  [[nodiscard]] std::span<std::byte> config() const { return bytes_.subspan(kConfigStart); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  [[nodiscard]] std::atomic_ref<uint32_t> word(Register offset) const {
    return std::atomic_ref(*reinterpret_cast<uint32_t*>(bytes_.data() + static_cast<uint32_t>(offset)));
  }

  std::span<std::byte, kRegisterBytes> bytes_;
};

}  // namespace caisson::vmm::mmio
