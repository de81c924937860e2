// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/serial.h"

#include <linux/serial_reg.h>

#include <span>
#include <utility>

namespace caisson::vmm {

uint8_t Serial::read(uint16_t offset) {
  const std::lock_guard lock(mutex_);
  const bool divisor = (line_control_ & UART_LCR_DLAB) != 0;
  switch (offset) {
    case UART_RX:
      return divisor ? divisor_low_ : 0;
    case UART_IER:
      return divisor ? divisor_high_ : interrupt_enable_;
    case UART_IIR: {
      const uint8_t fifo = fifo_enabled_ ? 0xc0 : 0;
      const uint8_t cause = std::exchange(empty_pending_, false) ? UART_IIR_THRI : UART_IIR_NO_INT;
      return fifo | cause;
    }
    case UART_LCR:
      return line_control_;
    case UART_MCR:
      return modem_control_;
    case UART_LSR:
      return UART_LSR_TEMT | UART_LSR_THRE;
    case UART_MSR:
      return modem_status();
    default:
      return scratch_;
  }
}

void Serial::write(uint16_t offset, uint8_t value) {
  bool interrupt = false;
  {
    const std::lock_guard lock(mutex_);
    const bool divisor = (line_control_ & UART_LCR_DLAB) != 0;
    switch (offset) {
      case UART_TX:
        if (divisor) {
          divisor_low_ = value;
        } else if ((modem_control_ & UART_MCR_LOOP) == 0) {
          const char byte = static_cast<char>(value);
          tail_.append(std::span(&byte, 1));
          lines_.append(std::span(&byte, 1));
        }
        break;
      case UART_IER:
        (divisor ? divisor_high_ : interrupt_enable_) = divisor ? value : value & 0x0fU;
        break;
      case UART_FCR:
        fifo_enabled_ = (value & UART_FCR_ENABLE_FIFO) != 0;
        break;
      case UART_LCR:
        line_control_ = value;
        break;
      case UART_MCR:
        modem_control_ = value & 0x1fU;
        break;
      case UART_SCR:
        scratch_ = value;
        break;
      default:
        break;
    }
    // What was written has gone at once: the transmitter is empty again.
    if ((offset == UART_TX || offset == UART_IER) && !divisor && (interrupt_enable_ & UART_IER_THRI) != 0) {
      empty_pending_ = interrupt = true;
    }
  }
  if (interrupt) {
    interrupt_();
  }
}

// In loop-back mode the control lines come back as status lines; Linux looks for that when it probes.
uint8_t Serial::modem_status() const {
  if ((modem_control_ & UART_MCR_LOOP) == 0) {
    return UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
  }
  uint8_t status = 0;
  status |= (modem_control_ & UART_MCR_RTS) != 0 ? UART_MSR_CTS : 0;
  status |= (modem_control_ & UART_MCR_DTR) != 0 ? UART_MSR_DSR : 0;
  status |= (modem_control_ & UART_MCR_OUT1) != 0 ? UART_MSR_RI : 0;
  status |= (modem_control_ & UART_MCR_OUT2) != 0 ? UART_MSR_DCD : 0;
  return status;
}

std::string Serial::text() const {
  const std::lock_guard lock(mutex_);
  return tail_.text();
}

}  // namespace caisson::vmm
