// SPDX-License-Identifier: Apache-2.0
#include "common/guest_layout.h"

#include <gmock/gmock.h>

namespace caisson::guest_layout {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(GuestLayout, ram_goes_on_above_the_hole) {
  EXPECT_EQ(address_of(0), 0U);
  EXPECT_EQ(address_of(3 * kGiB - 1), 3 * kGiB - 1);
  EXPECT_EQ(address_of(3 * kGiB), 4 * kGiB);
  EXPECT_EQ(address_of(5 * kGiB), 6 * kGiB);
}

TEST(GuestLayout, who_has_enough_does_not_grow) {
  const Ram booted{.boot_bytes = 150 * kMiB, .usable_bytes = 150 * kMiB};
  EXPECT_EQ(grown(booted, 150 * kMiB), booted);
  EXPECT_EQ(grown(booted, 1), booted);
  EXPECT_EQ(booted.end(), 150 * kMiB);
  EXPECT_THAT(blocks_of(booted), IsEmpty());
}

TEST(GuestLayout, growth_is_of_whole_blocks_from_the_next_multiple_on) {
  const Ram booted{.boot_bytes = 150 * kMiB, .usable_bytes = 150 * kMiB};
  const Ram more = grown(booted, 151 * kMiB);
  EXPECT_EQ(more.usable_bytes, (150 + 128) * kMiB);
  EXPECT_EQ(more.end(), (256 + 128) * kMiB);
  EXPECT_THAT(blocks_of(more), ElementsAre(256 * kMiB));
  // What was added before stays where it is.
  const Ram yet_more = grown(more, 400 * kMiB);
  EXPECT_EQ(yet_more.usable_bytes, (150 + 256) * kMiB);
  EXPECT_THAT(blocks_of(yet_more), ElementsAre(256 * kMiB, 384 * kMiB));
}

TEST(GuestLayout, blocks_leave_out_the_hole) {
  const Ram booted{.boot_bytes = 3 * kGiB - 128 * kMiB, .usable_bytes = 3 * kGiB - 128 * kMiB};
  EXPECT_THAT(blocks_of(grown(booted, 3 * kGiB + 1)), ElementsAre(3 * kGiB - 128 * kMiB, 4 * kGiB));
  const Ram above{.boot_bytes = 3 * kGiB + kMiB, .usable_bytes = 3 * kGiB + kMiB};
  EXPECT_THAT(blocks_of(grown(above, 3 * kGiB + 2 * kMiB)), ElementsAre(4 * kGiB + 128 * kMiB));
}

}  // namespace
}  // namespace caisson::guest_layout
