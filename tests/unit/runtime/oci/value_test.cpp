// SPDX-License-Identifier: Apache-2.0
// One value of a stranger's document: it says where it is, and is taken for nothing that it is not.
#include "runtime/oci/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace caisson::runtime::oci {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The member "a" of a document, as `text` has it.
void with_value(const std::string& text, const std::function<void(const Value&)>& use) {
  const auto document = Document::parse(R"({"a":)" + text + "}", "text");
  ASSERT_TRUE(document) << document.error().message;
  bool used = false;
  const auto visited =
      document->root().for_each_member([&](std::string_view, const Value& member) -> Result<void> {
        used = true;
        use(member);
        return {};
      });
  ASSERT_TRUE(visited && used);
}

template <typename T>
std::string outcome(const Result<T>& result) {
  if (!result) return result.error().message;
  if constexpr (std::is_same_v<T, std::string>) {
    return *result;
  } else {
    return std::to_string(*result);
  }
}

std::string integer(const std::string& text, int64_t minimum, int64_t maximum) {
  std::string said;
  with_value(text, [&](const Value& value) { said = outcome(value.integer(minimum, maximum)); });
  return said;
}

std::string unsigned_integer(const std::string& text, uint64_t maximum) {
  std::string said;
  with_value(text, [&](const Value& value) { said = outcome(value.unsigned_integer(maximum)); });
  return said;
}

std::string string(const std::string& text) {
  std::string said;
  with_value(text, [&](const Value& value) { said = outcome(value.string()); });
  return said;
}

bool is_void(const std::string& text) {
  bool said = false;
  with_value(text, [&](const Value& value) { said = value.is_void(); });
  return said;
}

TEST(Value, integer_has_its_bounds) {
  EXPECT_EQ(integer("-5", -5, 5), "-5");
  EXPECT_EQ(integer("5", -5, 5), "5");
  EXPECT_EQ(integer("-6", -5, 5), "a: must be between -5 and 5");
  EXPECT_EQ(integer("6", -5, 5), "a: must be between -5 and 5");
}

TEST(Value, integer_beyond_64_bits_is_not_wrapped) {
  constexpr auto kMost = std::numeric_limits<int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(integer("9223372036854775807", kLeast, kMost), "9223372036854775807");
  EXPECT_EQ(integer("-9223372036854775808", kLeast, kMost), "-9223372036854775808");
  EXPECT_THAT(integer("9223372036854775808", kLeast, kMost), HasSubstr("must be between"));
  EXPECT_THAT(integer("18446744073709551615", kLeast, kMost), HasSubstr("must be between"));
}

TEST(Value, fraction_is_no_integer) {
  EXPECT_EQ(integer("1.5", 0, 9), "a: expected an integer, found number");
  EXPECT_EQ(integer("1e3", 0, 9999), "a: expected an integer, found number");
  EXPECT_EQ(unsigned_integer("1.0", 9), "a: expected an integer, found number");
}

TEST(Value, unsigned_integer_has_its_bounds) {
  EXPECT_EQ(unsigned_integer("0", 7), "0");
  EXPECT_EQ(unsigned_integer("7", 7), "7");
  EXPECT_EQ(unsigned_integer("8", 7), "a: must be at most 7");
  EXPECT_EQ(unsigned_integer("-1", 7), "a: must not be negative");
  EXPECT_EQ(unsigned_integer("18446744073709551615", UINT64_MAX), "18446744073709551615");
}

TEST(Value, string_has_no_nul) {
  EXPECT_EQ(string(R"("x y")"), "x y");
  EXPECT_EQ(string(R"("")"), "");
  EXPECT_EQ(string(R"("x\u0000y")"), "a: must not contain a NUL character");
  EXPECT_EQ(string("7"), "a: expected a string, found number");
  EXPECT_EQ(string("null"), "a: expected a string, found null");
}

TEST(Value, boolean_is_true_or_false) {
  with_value("true", [](const Value& value) { EXPECT_EQ(value.boolean(), true); });
  with_value("false", [](const Value& value) { EXPECT_EQ(value.boolean(), false); });
  with_value("1", [](const Value& value) {
    EXPECT_EQ(value.boolean().error().message, "a: expected a boolean, found number");
    EXPECT_EQ(value.boolean().error().code, EINVAL);
  });
}

TEST(Value, void_is_what_writers_put_where_they_mean_nothing) {
  for (const char* text : {"null", "false", "0", "0.0", R"("")", "[]", "{}"})
    EXPECT_TRUE(is_void(text)) << text;
  for (const char* text : {"true", "1", "-1", "0.5", R"("0")", "[0]", R"({"b":null})"}) {
    EXPECT_FALSE(is_void(text)) << text;
  }
}

TEST(Value, null_is_null_alone) {
  with_value("null", [](const Value& value) { EXPECT_TRUE(value.is_null()); });
  with_value("0", [](const Value& value) { EXPECT_FALSE(value.is_null()); });
}

TEST(Value, path_leads_to_it) {
  std::vector<std::string> paths;
  with_value(R"([{"b.c":1},{"d":2}])", [&](const Value& value) {
    const auto visited = value.for_each_element([&](const Value& element) {
      paths.push_back(element.path());
      return element.for_each_member([&](std::string_view, const Value& member) -> Result<void> {
        paths.push_back(member.path());
        return {};
      });
    });
    EXPECT_TRUE(visited);
  });
  EXPECT_THAT(paths, ElementsAre("a[0]", "a[0][\"b.c\"]", "a[1]", "a[1].d"));
}

TEST(Value, first_refusal_ends_the_visit) {
  int visits = 0;
  with_value("[1,2,3]", [&](const Value& value) {
    const auto visited = value.for_each_element([&](const Value& element) -> Result<void> {
      return ++visits == 2 ? Result<void>(element.bad("no")) : Result<void>();
    });
    EXPECT_EQ(visited.error().message, "a[1]: no");
  });
  EXPECT_EQ(visits, 2);
}

TEST(Value, what_is_no_array_or_object_has_no_parts) {
  with_value("{}", [](const Value& value) {
    EXPECT_EQ(value.for_each_element([](const Value&) { return Result<void>(); }).error().message,
              "a: expected an array, found object");
  });
  with_value("[]", [](const Value& value) {
    const auto visit = [](std::string_view, const Value&) { return Result<void>(); };
    EXPECT_EQ(value.for_each_member(visit).error().message, "a: expected an object, found array");
  });
}

TEST(Value, name_with_a_nul_is_refused) {
  with_value(R"({"b\u0000":1})", [](const Value& value) {
    const auto visit = [](std::string_view, const Value&) { return Result<void>(); };
    EXPECT_THAT(value.for_each_member(visit).error().message, HasSubstr("must not contain a NUL"));
  });
}

TEST(Document, of_no_json_says_where) {
  const auto document = Document::parse("{\n\"a\":}", "process.json");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().code, EINVAL);
  EXPECT_THAT(document.error().message, HasSubstr("parse process.json: parse error at line 2"));
}

TEST(Document, is_an_object) {
  for (const char* text : {"[]", "1", "null", R"("x")"}) {
    EXPECT_EQ(Document::parse(text, "text").error().message, "parse text: it is not a JSON object") << text;
  }
}

TEST(Document, has_a_largest_size) {
  const std::string filled = "{" + std::string(kMaxDocumentBytes - 2, ' ') + "}";
  EXPECT_TRUE(Document::parse(filled, "text"));
  const auto larger = Document::parse(filled + " ", "text");
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, EFBIG);
  EXPECT_EQ(larger.error().message, "parse text: it is larger than 4 MiB");
}

TEST(Document, has_a_deepest_level) {
  const auto nested = [](int levels) {
    return R"({"a":)" + std::string(static_cast<size_t>(levels) - 1, '[') +
           std::string(static_cast<size_t>(levels) - 1, ']') + "}";
  };
  EXPECT_TRUE(Document::parse(nested(kMaxDocumentDepth), "text"));
  EXPECT_EQ(Document::parse(nested(kMaxDocumentDepth + 1), "text").error().message,
            "parse text: it nests deeper than 32 levels");
}

TEST(Document, many_levels_beside_each_other_are_not_deep) {
  std::string text = R"({"a":[)";
  for (int i = 0; i < 100; ++i) text += "[],";
  EXPECT_TRUE(Document::parse(text + "[]]}", "text"));
}

TEST(Document, brackets_within_strings_are_text) {
  EXPECT_TRUE(Document::parse(R"({"a":"\\","b":")" + std::string(100, '[') + R"("})", "text"));
  EXPECT_TRUE(Document::parse(R"({"a":"\")" + std::string(100, '[') + R"("})", "text"));
}

}  // namespace
}  // namespace caisson::runtime::oci
