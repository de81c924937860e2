// SPDX-License-Identifier: Apache-2.0
#include "common/harmless.h"

#include <gtest/gtest.h>

namespace caisson {
namespace {

TEST(Harmless, what_people_write_stays) {
  for (const char* text :
       {"", "plain text 123 ~", "Grüße, Москва, 東京, 🙂", "open /run/x: permission denied"}) {
    EXPECT_EQ(harmless(text), text);
  }
}

TEST(Harmless, control_characters_are_question_marks) {
  EXPECT_EQ(harmless("a\033[2Jb\r\nc\bd\x7f"), "a?[2Jb??c?d?");
  EXPECT_EQ(harmless(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(harmless("a\xc2\x9b"
                     "2Jb"),
            "a?2Jb");  // CSI of C1 in UTF-8
  EXPECT_EQ(harmless("a\x9b"
                     "2Jb"),
            "a?2Jb");  // and as one byte
  EXPECT_EQ(harmless("a\tb"), "a b");
}

TEST(Harmless, newlines_stay_where_they_are_asked_for) {
  EXPECT_EQ(harmless("a\nb\r\n", 100, Lines::many), "a\nb?\n");
  EXPECT_EQ(harmless("a\nb"), "a?b");
  EXPECT_EQ(harmless("a\xe2\x80\xa8"
                     "b\xc2\x85"
                     "c",
                     100, Lines::many),
            "a?b?c");  // U+2028, NEL
}

TEST(Harmless, characters_that_turn_the_direction_or_hide_are_question_marks) {
  // U+202E, U+2066, U+200F, U+200B, U+FEFF, U+061C, U+E0041
  EXPECT_EQ(harmless("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f\xe2\x80\x8b\xef\xbb\xbf\xd8\x9c\xf3\xa0\x81\x81"),
            "???????");
}

TEST(Harmless, bytes_that_are_no_utf8_are_question_marks) {
  EXPECT_EQ(harmless("a\xff"), "a?");
  EXPECT_EQ(harmless("\xc0\xaf"), "??");            // overlong
  EXPECT_EQ(harmless("\xe0\x80\xaf"), "???");       // overlong
  EXPECT_EQ(harmless("\xed\xa0\x80"), "?");         // half of UTF-16
  EXPECT_EQ(harmless("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(harmless("\xe2\x82"), "??");            // cut short
  EXPECT_EQ(harmless("\xe2\x82z"), "??z");
  EXPECT_EQ(harmless("\xef\xbf\xbe"), "?");  // U+FFFE
}

TEST(Harmless, too_much_is_cut_between_characters_and_says_so) {
  EXPECT_EQ(harmless("0123456789", 10), "0123456789");
  EXPECT_EQ(harmless("0123456789a", 10), "0123456...");
  EXPECT_EQ(harmless("01234ü6789a", 9), "01234...");
  EXPECT_EQ(harmless("0123", 2), "..");
  EXPECT_LE(harmless(std::string(100000, '\x01')).size(), kMostForeignBytes);
}

TEST(Harmless, lines_within_a_text_are_indented) {
  EXPECT_EQ(indented("one"), "one");
  EXPECT_EQ(indented("one\ntwo\n"), "one\n    two\n    ");
}

}  // namespace
}  // namespace caisson
