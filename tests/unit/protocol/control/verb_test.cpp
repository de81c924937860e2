// SPDX-License-Identifier: Apache-2.0
#include "protocol/control/verb.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Verb, each_is_found_by_its_name_and_nothing_else_is_one) {
  for (const Verb verb : {Verb::pause, Verb::resume, Verb::wake, Verb::counters, Verb::stop, Verb::serve}) {
    EXPECT_EQ(find_verb(name_of(verb)), verb);
  }
  for (const char* name : {"", "paus", "pause ", "PAUSE", "kill"}) {
    EXPECT_FALSE(find_verb(name)) << name;
  }
}

}  // namespace
}  // namespace caisson
