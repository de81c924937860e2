// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/names.h"

#include <gtest/gtest.h>

#include <csignal>

namespace caisson::runtime::oci {
namespace {

TEST(Signal, names_and_numbers_are_known) {
  EXPECT_EQ(parse_signal("9").value(), SIGKILL);
  EXPECT_EQ(parse_signal("TERM").value(), SIGTERM);
  EXPECT_EQ(parse_signal("SIGUSR1").value(), SIGUSR1);
  EXPECT_EQ(parse_signal("sigint").value(), SIGINT);
  EXPECT_EQ(parse_signal("0").value(), 0);
  EXPECT_EQ(parse_signal("+10").value(), SIGUSR1);
  EXPECT_EQ(parse_signal("010").value(), SIGUSR1);
}

TEST(Signal, real_time_signals_count_from_the_kernels_first) {
  EXPECT_EQ(parse_signal("RTMIN").value(), 34);
  EXPECT_EQ(parse_signal("SIGRTMIN+3").value(), 37);
  EXPECT_EQ(parse_signal("RTMAX-1").value(), 63);
}

TEST(Signal, nonsense_is_refused) {
  for (const char* text : {"", "FISH", "-1", "65", "9x", "RTMIN+40", "RTMIN3", "SIG", "+", "++9", "+-9",
                           "+ 9", "99999999999999999999"}) {
    EXPECT_FALSE(parse_signal(text)) << text;
  }
}

TEST(Names, capabilities_are_numbered_without_gaps) {
  uint64_t expected = 0;
  for (const Name& name : capability_names()) {
    EXPECT_EQ(name.number, expected++) << name.name;
  }
  EXPECT_EQ(expected, 41U);
}

}  // namespace
}  // namespace caisson::runtime::oci
