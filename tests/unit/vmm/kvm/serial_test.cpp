// SPDX-License-Identifier: Apache-2.0
// The console's UART as Linux's driver probes and uses it.
#include "vmm/kvm/serial.h"

#include <gtest/gtest.h>
#include <linux/serial_reg.h>

#include <string_view>

namespace caisson::vmm {
namespace {

class SerialTest : public ::testing::Test {
 protected:
  void print(std::string_view text) {
    for (const char c : text) {
      serial_.write(UART_TX, static_cast<uint8_t>(c));
    }
  }
  int interrupts_ = 0;
  Serial serial_{[this] { ++interrupts_; }};
};

TEST_F(SerialTest, text_written_is_kept) {
  print("hello\r\n");
  EXPECT_EQ(serial_.text(), "hello\n");
  EXPECT_EQ(interrupts_, 0);
}

TEST_F(SerialTest, flood_keeps_the_last_16_kib) {
  for (int i = 0; i < 100'000; ++i) {
    print("0123456789");
  }
  print("end");
  EXPECT_LE(serial_.text().size(), Serial::kTailBytes);
  EXPECT_TRUE(serial_.text().ends_with("789end"));
}

TEST_F(SerialTest, control_characters_are_not_passed_on) {
  print("a\033[2Jb\a");
  EXPECT_EQ(serial_.text(), "a?[2Jb?");
}

TEST_F(SerialTest, divisor_latch_is_not_output) {
  serial_.write(UART_LCR, UART_LCR_DLAB);
  serial_.write(UART_DLL, 12);
  serial_.write(UART_DLM, 1);
  EXPECT_EQ(serial_.read(UART_DLL), 12);
  EXPECT_EQ(serial_.read(UART_DLM), 1);
  serial_.write(UART_LCR, UART_LCR_WLEN8);
  EXPECT_EQ(serial_.read(UART_IER), 0);
  EXPECT_TRUE(serial_.text().empty());
}

TEST_F(SerialTest, loop_back_shows_the_control_lines_and_prints_nothing) {
  serial_.write(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
  EXPECT_EQ(serial_.read(UART_MSR) & 0xf0, UART_MSR_DCD | UART_MSR_CTS);
  print("x");
  EXPECT_TRUE(serial_.text().empty());
}

TEST_F(SerialTest, probe_finds_a_16550) {
  serial_.write(UART_IER, 0x0f);
  EXPECT_EQ(serial_.read(UART_IER), 0x0f);
  serial_.write(UART_SCR, 0x5a);
  EXPECT_EQ(serial_.read(UART_SCR), 0x5a);
  serial_.write(UART_IER, 0);
  (void)serial_.read(UART_IIR);
  serial_.write(UART_FCR, UART_FCR_ENABLE_FIFO);
  EXPECT_EQ(serial_.read(UART_IIR), 0xc0 | UART_IIR_NO_INT);
}

TEST_F(SerialTest, transmitter_interrupt_is_told_once) {
  serial_.write(UART_IER, UART_IER_THRI);
  EXPECT_EQ(interrupts_, 1);
  EXPECT_EQ(serial_.read(UART_IIR), UART_IIR_THRI);
  EXPECT_EQ(serial_.read(UART_IIR), UART_IIR_NO_INT);
  print("x");
  EXPECT_EQ(interrupts_, 2);
}

TEST_F(SerialTest, transmitter_is_always_ready_and_nothing_is_received) {
  EXPECT_EQ(serial_.read(UART_LSR), UART_LSR_TEMT | UART_LSR_THRE);
  EXPECT_EQ(serial_.read(UART_RX), 0);
}

}  // namespace
}  // namespace caisson::vmm
