// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace caisson::vmm {
namespace {

using ::testing::ElementsAre;

struct Fixture {
  std::vector<std::string> lines;
  ConsoleLines console{[this](const std::string& line) { lines.push_back(line); }};

  void say(std::string_view text) { console.append(text); }
};

TEST(ConsoleLines, pieces_make_whole_lines_without_carriage_returns) {
  Fixture fixture;
  for (const char* piece : {"Lin", "ux\r\n", "\r\n", "boots", "\non"}) {
    fixture.say(piece);
  }
  EXPECT_THAT(fixture.lines, ElementsAre("Linux", "boots"));
}

TEST(ConsoleLines, a_line_without_end_is_cut) {
  Fixture fixture;
  fixture.say(std::string(ConsoleLines::kMaxLineBytes + 5, 'x') + "\n");
  ASSERT_EQ(fixture.lines.size(), 2U);
  EXPECT_EQ(fixture.lines[0].size(), ConsoleLines::kMaxLineBytes);
  EXPECT_EQ(fixture.lines[1], "xxxxx");
}

TEST(ConsoleLines, what_a_terminal_obeys_is_made_harmless) {
  Fixture fixture;
  fixture.say("\x1b]0;owned\x07\n");
  ASSERT_EQ(fixture.lines.size(), 1U);
  EXPECT_EQ(fixture.lines[0].find('\x1b'), std::string::npos);
  EXPECT_EQ(fixture.lines[0].find('\x07'), std::string::npos);
}

TEST(ConsoleLines, a_guest_that_floods_its_console_is_followed_to_a_bound_and_that_is_said_once) {
  Fixture fixture;
  for (int i = 0; i < 10000; ++i) {
    fixture.say("0123456789012345678901234567890123456789\n");
  }
  size_t bytes = 0;
  for (const std::string& line : fixture.lines) {
    bytes += line.size();
  }
  EXPECT_LE(bytes, ConsoleLines::kMaxBytes + 100);
  EXPECT_THAT(fixture.lines.back(), ::testing::HasSubstr("followed no further"));
  EXPECT_THAT(fixture.lines[fixture.lines.size() - 2], ::testing::Not(::testing::HasSubstr("no further")));
}

TEST(ConsoleLines, without_a_listener_nothing_happens) {
  ConsoleLines console{nullptr};
  console.append(std::string_view("x\n"));
}

}  // namespace
}  // namespace caisson::vmm
