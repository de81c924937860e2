// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/unreached_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kHeading =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
    "colls\n";

std::vector<std::string> links(std::string_view lines) {
  return links_in(std::string(kHeading) + std::string(lines));
}

TEST(UnreachedLinks, loopback_and_what_every_namespace_has_are_none) {
  EXPECT_THAT(links("    lo:       0       0    0\n tunl0: 0 0\n  sit0: 0\nip6tnl0: 0\n"), IsEmpty());
}

TEST(UnreachedLinks, engines_links_are_found_whatever_stands_behind_their_colon) {
  EXPECT_THAT(links("    lo: 0 0\n  eth0: 100 1 0\ntap0:12345678 1\n"), ElementsAre("eth0", "tap0"));
}

TEST(UnreachedLinks, text_without_lines_has_none) {
  EXPECT_THAT(links_in(""), IsEmpty());
  EXPECT_THAT(links_in("no colon"), IsEmpty());
}

}  // namespace
}  // namespace caisson::runtime
