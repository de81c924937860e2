// SPDX-License-Identifier: Apache-2.0
// A minimal 16550 at port 0x3f8: enough for Linux's console to print its last words. It never receives.
// Called on vCPU threads; text() on any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "vmm/machine/console_lines.h"
#include "vmm/machine/text_tail.h"

namespace caisson::vmm {

class Serial {
 public:
  static constexpr uint16_t kFirstPort = 0x3f8;
  static constexpr uint16_t kPorts = 8;
  static constexpr size_t kTailBytes = 16384;  // LIMIT: Machine::console_tail() promises no more

  // `interrupt` raises pin 4, as an edge.
  // `on_line` hears what is printed, on the vCPU's thread that prints it.
  explicit Serial(std::function<void()> interrupt, ConsoleLines::Handler on_line = {})
      : interrupt_(std::move(interrupt)), tail_(kTailBytes), lines_(std::move(on_line)) {}

  // `offset` is below kPorts.
  [[nodiscard]] uint8_t read(uint16_t offset);
  void write(uint16_t offset, uint8_t value);

  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] uint8_t modem_status() const;

  std::function<void()> interrupt_;
  mutable std::mutex mutex_;  // guards all below
  TextTail tail_;
  ConsoleLines lines_;
  uint8_t interrupt_enable_ = 0;
  uint8_t line_control_ = 0;
  uint8_t modem_control_ = 0;
  uint8_t scratch_ = 0;
  uint8_t divisor_low_ = 1;
  uint8_t divisor_high_ = 0;
  bool fifo_enabled_ = false;
  bool empty_pending_ = false;  // the "transmitter empty" interrupt has not been read yet
};

}  // namespace caisson::vmm
