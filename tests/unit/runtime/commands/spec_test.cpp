// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/oci/config.h"
#include "tests/support/scratch_directory.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

TEST(SpecVerb, writes_a_configuration_once) {
  const test::ScratchDirectory scratch;
  EXPECT_EQ(run_verb(make_spec, {"-b", scratch.path()}, "/nonexistent").code, 0);
  const std::string text = scratch.read("config.json");
  EXPECT_TRUE(oci::parse_config(text));
  const Ran again = run_verb(make_spec, {"-b", scratch.path()}, "/nonexistent");
  EXPECT_EQ(again.code.error().code, EEXIST);
  EXPECT_THAT(again.error(), ::testing::HasSubstr("Remove it first"));
  EXPECT_EQ(scratch.read("config.json"), text);
}

TEST(FeaturesVerb, is_a_document) {
  const Ran ran = run_verb(make_features, {}, "/nonexistent");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.output, ::testing::HasSubstr("\"ociVersionMin\": \"1.0.0\""));
  EXPECT_THAT(ran.output, ::testing::HasSubstr("\"SCMP_ACT_ERRNO\""));
}

TEST(CheckpointVerb, is_refused_with_its_reason) {
  for (const auto& make : {make_checkpoint, make_restore}) {
    const Ran ran = run_verb(make, {"--anything", "box"}, "/nonexistent");
    ASSERT_FALSE(ran.code);
    EXPECT_EQ(ran.code.error().code, ENOTSUP);
  }
}

}  // namespace
}  // namespace caisson::runtime
