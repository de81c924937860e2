// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/mount_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>

namespace caisson::runtime::oci {
namespace {

MountOptions parse(std::vector<std::string> words) {
  return parse_mount_options(words);
}

TEST(MountOptions, flags_are_set_and_cleared) {
  const MountOptions options = parse({"nosuid", "noexec", "rw", "exec"});
  EXPECT_EQ(options.flags, uint64_t{MS_NOSUID});
  EXPECT_EQ(options.flags_cleared, uint64_t{MS_RDONLY | MS_NOEXEC});
}

TEST(MountOptions, last_word_on_a_flag_wins) {
  EXPECT_EQ(parse({"rw", "ro"}).flags, uint64_t{MS_RDONLY});
  EXPECT_EQ(parse({"rw", "ro"}).flags_cleared, 0U);
}

TEST(MountOptions, unknown_words_are_data_in_order) {
  EXPECT_EQ(parse({"mode=755", "nosuid", "size=64k"}).data, "mode=755,size=64k");
}

TEST(MountOptions, propagation_keeps_its_order) {
  EXPECT_THAT(parse({"rslave", "shared"}).propagation, ::testing::ElementsAre(MS_SLAVE | MS_REC, MS_SHARED));
}

TEST(MountOptions, recursive_attributes_are_kept_apart) {
  const MountOptions options = parse({"rro", "rexec", "rnoatime"});
  EXPECT_EQ(options.recursive_set, uint64_t{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME});
  EXPECT_EQ(options.recursive_clear, uint64_t{MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME});
  EXPECT_EQ(options.flags, 0U);
}

TEST(MountOptions, rrw_after_rro_takes_it_back) {
  const MountOptions options = parse({"rro", "rrw"});
  EXPECT_EQ(options.recursive_set, 0U);
  EXPECT_EQ(options.recursive_clear, uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(MountOptions, tmpcopyup_and_idmap_are_recognized) {
  EXPECT_TRUE(parse({"tmpcopyup"}).tmpcopyup);
  EXPECT_TRUE(parse({"ridmap"}).idmap);
  EXPECT_TRUE(parse({"ridmap"}).idmap_beneath);
  EXPECT_TRUE(parse({"idmap"}).idmap);
  EXPECT_FALSE(parse({"idmap"}).idmap_beneath);
}

TEST(MountOptions, names_are_sorted_and_hold_those_of_runc) {
  const auto names = mount_option_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(
      names, ::testing::IsSupersetOf({"rbind", "rro", "tmpcopyup", "unbindable", "nosymfollow", "lazytime"}));
}

}  // namespace
}  // namespace caisson::runtime::oci
