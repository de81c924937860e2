// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/recorded_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class RecordedConfig : public ::testing::Test {
 protected:
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_->directory(); }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
  Result<LockedContainer> locked_ = root_.reserve("box");
};

TEST_F(RecordedConfig, is_the_bundles) {
  ASSERT_TRUE(directory().write("config.json", R"({"ociVersion":"1.0.2","root":{"path":"r"}})"));
  const auto config = recorded_config(directory());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->root.path, "r");
}

TEST_F(RecordedConfig, malformed_one_is_named) {
  ASSERT_TRUE(directory().write("config.json", "{"));
  const auto config = recorded_config(directory());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, EINVAL);
  EXPECT_THAT(config.error().message, ::testing::StartsWith(directory().file("config.json") + ": "));
}

TEST_F(RecordedConfig, absent_one_is_an_error) {
  EXPECT_EQ(recorded_config(directory()).error().code, ENOENT);
}

}  // namespace
}  // namespace caisson::runtime
