// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/clock_bounds.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

using namespace std::chrono_literals;
using Time = ClockBounds::Time;

TEST(ClockBounds, without_an_answer_nothing_is_known) {
  const ClockBounds bounds;
  EXPECT_TRUE(bounds.may_be_right());
  EXPECT_EQ(bounds.width(), Time::max());
}

TEST(ClockBounds, a_clock_read_between_question_and_answer_may_be_right) {
  ClockBounds bounds;
  bounds.add(10s, 10s + 1ms, 10s + 3ms);
  EXPECT_TRUE(bounds.may_be_right());
  EXPECT_EQ(bounds.width(), 3ms);
}

TEST(ClockBounds, a_clock_that_shows_less_than_the_question_is_behind) {
  ClockBounds bounds;
  bounds.add(10s, 9s, 10s + 400us);
  EXPECT_FALSE(bounds.may_be_right());
  EXPECT_EQ(bounds.behind(), 1s + 200us);
}

TEST(ClockBounds, a_clock_that_shows_more_than_the_answer_is_ahead) {
  ClockBounds bounds;
  bounds.add(10s, 12s, 10s + 400us);
  EXPECT_EQ(bounds.behind(), -2s + 200us);
}

TEST(ClockBounds, what_lies_far_apart_is_taken_for_a_guest_that_had_to_wake) {
  ClockBounds bounds;
  bounds.add(10s, 9s, 10s + 80ms);
  EXPECT_EQ(bounds.behind(), 1s + 80ms - 300us);
}

TEST(ClockBounds, several_answers_prove_more_than_each) {
  ClockBounds bounds;
  bounds.add(10s, 9s + 5ms, 10s + 6ms);   // 995 … 1001 ms
  bounds.add(20s, 19s + 1ms, 20s + 9ms);  // 999 … 1008 ms
  EXPECT_EQ(bounds.width(), 2ms);
  EXPECT_EQ(bounds.behind(), 1001ms - 300us);
}

TEST(ClockBounds, a_clock_that_was_set_between_two_answers_is_believed_the_last) {
  ClockBounds bounds;
  bounds.add(10s, 9s, 10s + 1ms);
  bounds.add(11s, 11s + 1ms, 11s + 2ms);
  EXPECT_TRUE(bounds.may_be_right());
  EXPECT_EQ(bounds.width(), 2ms);
}

}  // namespace
}  // namespace caisson::vmm
