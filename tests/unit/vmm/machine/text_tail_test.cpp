// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/text_tail.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

std::span<const char> chars(const std::string& text) {
  return text;
}

TEST(TextTail, more_than_the_limit_keeps_the_last_bytes) {
  TextTail tail(8);
  for (const char* part : {"0123456", "789abcdef", "ghij", "kl"}) {
    tail.append(chars(part));
  }
  EXPECT_EQ(tail.text(), "efghijkl");
  tail.append(chars("one large piece"));
  EXPECT_EQ(tail.text(), "ge piece");
}

TEST(TextTail, long_stream_of_small_pieces_stays_bounded) {
  TextTail tail(16);
  for (int i = 0; i < 1000; ++i) {
    tail.append(chars("xyz"));
  }
  EXPECT_EQ(tail.text().size(), 16U);
}

TEST(TextTail, control_characters_are_made_harmless) {
  TextTail tail(64);
  tail.append(chars(std::string("a\x1b[31mb\r\n\tc\0d\x7f\xff", 15)));
  EXPECT_EQ(tail.text(), "a?[31mb\n\tc?d??");
}

}  // namespace
}  // namespace caisson::vmm
