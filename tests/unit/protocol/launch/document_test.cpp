// SPDX-License-Identifier: Apache-2.0
#include "protocol/launch/document.h"

#include <gtest/gtest.h>

namespace caisson::document_test {

enum class Color { red, blue };

struct Point {
  uint8_t x = 0;
};

struct Drawing {
  std::string name;
  bool visible = false;
  Color color = Color::red;
  std::vector<Point> points;
  std::optional<Point> origin;
};

template <typename Fields>
void describe(Fields& fields, Point& point) {
  fields("x", point.x);
}

template <typename Fields>
void describe(Fields& fields, Drawing& drawing) {
  constexpr std::string_view kColors[] = {"red", "blue"};
  fields("name", drawing.name);
  fields("visible", drawing.visible);
  fields("color", drawing.color, kColors);
  fields("points", drawing.points);
  fields("origin", drawing.origin);
}

namespace {

std::string written(Drawing drawing) {
  DocumentWriter writer;
  describe(writer, drawing);
  return writer.text();
}

Result<Drawing> read(const std::string& text) {
  const nlohmann::json document = TRY(DocumentReader::parse(text, "drawing"));
  DocumentReader reader(document, "drawing");
  Drawing drawing;
  describe(reader, drawing);
  TRY(reader.outcome());
  return drawing;
}

std::string error_of(const char* key, const nlohmann::json& value) {
  auto document = nlohmann::json::parse(written({.name = "n", .points = {{1}}, .origin = Point{2}}));
  document[key] = value;
  const auto drawing = read(document.dump());
  return drawing ? "no error" : drawing.error().message;
}

TEST(Document, what_is_written_is_read) {
  const Drawing drawing{
      .name = "n", .visible = true, .color = Color::blue, .points = {{1}, {255}}, .origin = Point{7}};
  const auto again = read(written(drawing));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(written(*again), written(drawing));
  EXPECT_EQ(again->points.at(1).x, 255);
  EXPECT_EQ(again->color, Color::blue);
  EXPECT_EQ(again->origin->x, 7);
  EXPECT_FALSE(read(written({}))->origin);
}

TEST(Document, bytes_that_are_no_text_are_replaced) {
  EXPECT_NE(read(written({.name = "a\xff"}))->name.find('a'), std::string::npos);
}

TEST(Document, first_field_that_is_wrong_is_named_with_its_place) {
  EXPECT_EQ(error_of("name", 1), "read drawing: name is not a string");
  EXPECT_EQ(error_of("visible", 1), "read drawing: visible is not a boolean");
  EXPECT_EQ(error_of("color", "green"), "read drawing: color has unknown value \"green\"");
  EXPECT_EQ(error_of("points", 1), "read drawing: points is not an array");
  EXPECT_EQ(error_of("points", {1}), "read drawing: points[] is not an object");
  EXPECT_EQ(error_of("origin", {{"x", 256}}), "read drawing: origin: x is too large");
  EXPECT_EQ(error_of("origin", {{"x", -1}}), "read drawing: origin: x is negative");
  EXPECT_EQ(error_of("origin", {{"x", 1.5}}), "read drawing: origin: x is not an integer");
  EXPECT_EQ(error_of("origin", nlohmann::json::object()), "read drawing: origin: x is missing");
}

TEST(Document, text_that_is_no_object_is_refused) {
  for (const char* text : {"", "[]", "{", "null", "\xff"}) {
    EXPECT_EQ(read(text).error().message, "read drawing: not a JSON object") << text;
  }
}

}  // namespace
}  // namespace caisson::document_test
