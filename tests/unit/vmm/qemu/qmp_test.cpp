// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/qmp.h"

#include <gtest/gtest.h>

namespace caisson::vmm {
namespace {

Result<std::vector<QmpEvent>> feed(QmpReader& reader, const std::string& text) {
  return reader.feed(std::span(text.data(), text.size()));
}

constexpr const char* kGreeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}})"
    "\r\n";
constexpr const char* kShutdown = R"({"timestamp": {"seconds": 1, "microseconds": 2}, "event": "SHUTDOWN", )"
                                  R"("data": {"guest": true, "reason": "guest-reset"}})"
                                  "\r\n";

TEST(QmpReader, greeting_and_return_are_no_events) {
  QmpReader reader;
  const auto events = feed(reader, std::string(kGreeting) + "{\"return\": {}}\r\n");
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->empty());
}

TEST(QmpReader, shutdown_in_pieces_gives_its_reason_once) {
  QmpReader reader;
  const std::string all = std::string(kGreeting) + kShutdown;
  std::vector<QmpEvent> seen;
  for (const char c : all) {
    const auto events = feed(reader, std::string(1, c));
    ASSERT_TRUE(events);
    seen.insert(seen.end(), events->begin(), events->end());
  }
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].name, "SHUTDOWN");
  EXPECT_EQ(seen[0].reason, "guest-reset");
}

TEST(QmpReader, event_without_data_has_no_reason) {
  QmpReader reader;
  const auto events = feed(reader, "{\"event\": \"STOP\"}\n{\"event\": \"X\", \"data\": [1]}\n");
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->at(0).reason, "");
}

TEST(QmpReader, error_reply_is_refused_with_its_text) {
  QmpReader reader;
  const auto events =
      feed(reader, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\n");
  ASSERT_FALSE(events);
  EXPECT_NE(events.error().message.find("no such thing"), std::string::npos);
}

TEST(QmpReader, line_that_is_no_object_is_refused) {
  for (const char* line : {"\n", "[]\n", "null\n", "{\"event\": \n", "\xff\xfe\n", "{\"a\":1}{}\n"}) {
    QmpReader reader;
    EXPECT_FALSE(feed(reader, line)) << line;
  }
}

TEST(QmpReader, wrong_types_are_refused_or_ignored) {
  QmpReader reader;
  const auto events = feed(reader, "{\"event\": 5, \"data\": {\"reason\": {}}}\n");
  ASSERT_TRUE(events);
  EXPECT_TRUE(events->empty());
  EXPECT_FALSE(feed(reader, "{\"error\": 1}\n"));
}

TEST(QmpReader, endless_line_is_refused) {
  QmpReader reader;
  EXPECT_FALSE(feed(reader, std::string(70000, ' ')));
}

TEST(QmpReader, deep_nesting_is_survived) {
  QmpReader reader;
  EXPECT_FALSE(feed(reader, std::string(60000, '[') + "\n"));
}

TEST(QmpReader, words_that_go_into_messages_are_harmless) {
  QmpReader reader;
  const auto events = feed(reader, "{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"a\\u001b[2J\\nb\"}}\n");
  ASSERT_TRUE(events);
  EXPECT_EQ(events->at(0).reason, "a?[2J?b");
  const auto refused = feed(reader, "{\"error\":{\"desc\":\"" + std::string(5000, 'x') + "\\u001b\"}}\n");
  ASSERT_FALSE(refused);
  EXPECT_LE(refused.error().message.size(), 1100U);
}

}  // namespace
}  // namespace caisson::vmm
