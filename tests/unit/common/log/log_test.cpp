// SPDX-License-Identifier: Apache-2.0
#include "common/log/log.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "tests/support/scratch_directory.h"

namespace caisson {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(set_up_log({})); }

  std::string logged(LogFormat format, const std::string& message) {
    EXPECT_TRUE(set_up_log(
        {.path = (folder_ / "log").string(), .format = format, .debug = false, .ration_bytes = 0}));
    spdlog::error("{}", message);
    return folder_.read("log");
  }

  test::ScratchDirectory folder_;
};

// The last lines of a guest's console are part of a message.
TEST_F(LogTest, a_line_within_a_record_is_indented_and_forges_none) {
  EXPECT_EQ(logged(LogFormat::text, "panic:\ncaisson: error: forged"),
            "caisson: error: panic:\n    caisson: error: forged\n");
}

TEST_F(LogTest, what_a_record_quotes_is_made_harmless) {
  EXPECT_EQ(logged(LogFormat::text, "a\033[2J\r\xff"), "caisson: error: a?[2J??\n");
}

TEST_F(LogTest, json_holds_no_control_character_even_when_decoded) {
  const auto record = nlohmann::json::parse(logged(LogFormat::json, "a\033[2J\xc2\x9b\xe2\x80\xae\nb"));
  EXPECT_EQ(record.at("msg"), "a?[2J??\nb");
}

TEST_F(LogTest, a_record_has_a_largest_size) {
  EXPECT_LE(logged(LogFormat::text, std::string(1 << 20, 'x')).size(), 20'000U);
}

TEST_F(LogTest, without_a_ration_nothing_is_dropped) {
  logged(LogFormat::text, "first");
  for (int i = 0; i < 10'000; ++i) {
    spdlog::error("{}", std::string(100, 'x'));
  }
  EXPECT_GT(folder_.read("log").size(), 1'000'000U);
}

}  // namespace
}  // namespace caisson
