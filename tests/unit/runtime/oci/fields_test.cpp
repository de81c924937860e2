// SPDX-License-Identifier: Apache-2.0
// The machinery behind the tables, with a table of the test's own.
#include "runtime/oci/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace caisson::runtime::oci {
namespace {

struct Inner {
  uint8_t small = 0;
};
struct Outer {
  bool flag = false;
  std::string text;
  int32_t number = 0;
  std::optional<uint64_t> given;
  std::vector<Inner> list;
  std::map<std::string, int64_t> by_name;
};

std::span<const Row> rows(const Inner*) {
  static constexpr Row kRows[] = {required<&Inner::small>("small", Treatment::guest)};
  return kRows;
}

std::span<const Row> rows(const Outer*) {
  static constexpr Row kRows[] = {
      field<&Outer::flag>("flag", Treatment::guest),
      field<&Outer::text>("text", Treatment::host, "a note"),
      required<&Outer::number>("number", Treatment::both),
      field<&Outer::given>("given", Treatment::noted),
      field<&Outer::list>("list", Treatment::guest),
      field<&Outer::by_name>("byName", Treatment::guest),
      refuse("never", "it is a test; remove it"),
  };
  return kRows;
}

Result<Outer> parsed(const std::string& text) {
  const Document document = TRY(Document::parse(text, "text"));
  Outer outer;
  TRY(read(document.root(), outer));
  return outer;
}

std::string error_of(const std::string& text) {
  const auto outer = parsed(text);
  return outer ? "none" : outer.error().message;
}

TEST(Fields, each_is_read_into_its_member) {
  const auto outer = parsed(R"({"flag":true,"text":"t","number":-7,"given":8,"list":[{"small":1},{"small":2}],
                               "byName":{"a.b":3}})");
  ASSERT_TRUE(outer) << outer.error().message;
  EXPECT_TRUE(outer->flag);
  EXPECT_EQ(outer->text, "t");
  EXPECT_EQ(outer->number, -7);
  EXPECT_EQ(outer->given, 8U);
  ASSERT_EQ(outer->list.size(), 2U);
  EXPECT_EQ(outer->list[1].small, 2);
  EXPECT_EQ(outer->by_name.at("a.b"), 3);
}

TEST(Fields, unknown_ones_are_passed_over) {
  EXPECT_EQ(error_of(R"({"number":1,"new":{"x":[]}})"), "none");
}

TEST(Fields, null_is_not_given) {
  const auto outer = parsed(R"({"number":1,"given":null,"list":null})");
  ASSERT_TRUE(outer) << outer.error().message;
  EXPECT_FALSE(outer->given);
  EXPECT_EQ(error_of(R"({"number":null})"), "top level: number is missing");
}

TEST(Fields, required_ones_are_missed_where_they_are) {
  EXPECT_EQ(error_of("{}"), "top level: number is missing");
  EXPECT_EQ(error_of(R"({"number":1,"list":[{"small":1},{}]})"), "list[1]: small is missing");
}

TEST(Fields, refused_ones_say_the_remedy_unless_they_mean_nothing) {
  EXPECT_EQ(error_of(R"({"number":1,"never":{"x":1}})"), "never: not supported: it is a test; remove it");
  for (const char* nothing : {"null", "{}", "[]", "0", "false", R"("")"}) {
    EXPECT_EQ(error_of(R"({"number":1,"never":)" + std::string(nothing) + "}"), "none") << nothing;
  }
}

TEST(Fields, numbers_keep_to_their_width) {
  EXPECT_EQ(error_of(R"({"number":1,"list":[{"small":255}]})"), "none");
  EXPECT_EQ(error_of(R"({"number":1,"list":[{"small":256}]})"), "list[0].small: must be at most 255");
  EXPECT_EQ(error_of(R"({"number":2147483648})"), "number: must be between -2147483648 and 2147483647");
  EXPECT_EQ(error_of(R"({"number":-2147483648})"), "none");
}

TEST(Fields, rows_know_the_rows_beneath) {
  const std::span<const Row> outer = rows(static_cast<const Outer*>(nullptr));
  EXPECT_EQ(outer[0].children, nullptr);
  ASSERT_NE(outer[4].children, nullptr);
  EXPECT_EQ(outer[4].children()[0].name, "small");
  EXPECT_TRUE(outer[2].required);
  EXPECT_FALSE(outer[1].required);
  EXPECT_EQ(outer[1].note, "a note");
  EXPECT_EQ(outer[6].read, nullptr);
}

}  // namespace
}  // namespace caisson::runtime::oci
