// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/original_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

constexpr const char* kAnnotation = "run.oci.keep_original_groups";

class OriginalGroups : public ::testing::Test {
 protected:
  Result<void> keep(const std::string& value) {
    config_.annotations[kAnnotation] = value;
    return keep_original_groups(config_, user_);
  }
  static std::vector<uint32_t> own() {
    std::vector<gid_t> groups(static_cast<size_t>(::getgroups(0, nullptr)));
    EXPECT_EQ(::getgroups(static_cast<int>(groups.size()), groups.data()), static_cast<int>(groups.size()));
    return {groups.begin(), groups.end()};
  }

  oci::Config config_;
  agent::v1::User user_;
};

TEST_F(OriginalGroups, are_kept_where_that_is_asked_for) {
  ASSERT_TRUE(keep("1"));
  EXPECT_THAT(user_.additional_gids(), ::testing::UnorderedElementsAreArray(own()));
}

TEST_F(OriginalGroups, are_added_once) {
  for (const uint32_t group : own()) user_.add_additional_gids(group);
  user_.add_additional_gids(12345);
  const int before = user_.additional_gids_size();
  ASSERT_TRUE(keep("1"));
  EXPECT_EQ(user_.additional_gids_size(), before);
}

TEST_F(OriginalGroups, are_not_kept_otherwise) {
  EXPECT_TRUE(keep_original_groups(config_, user_));
  EXPECT_TRUE(keep("0"));
  EXPECT_TRUE(keep(""));
  EXPECT_EQ(user_.additional_gids_size(), 0);
}

TEST_F(OriginalGroups, another_word_is_refused_by_the_annotation) {
  for (const char* word : {"2", "true", "10", " 1"}) {
    const auto kept = keep(word);
    ASSERT_FALSE(kept) << word;
    EXPECT_EQ(kept.error().code, EINVAL);
    EXPECT_EQ(kept.error().message, "annotations[\"run.oci.keep_original_groups\"]: must be 0 or 1");
  }
}

}  // namespace
}  // namespace caisson::runtime
