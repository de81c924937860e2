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

std::string refusal(std::vector<std::string> words, bool is_bind, std::string_view type = "tmpfs") {
  const auto checked = check_mount_options(parse(std::move(words)), is_bind, type, "mounts[0].options");
  return checked ? "" : checked.error().message;
}

// [oci] config.md, "Linux mount options", and what runc and crun know beside it.
constexpr std::string_view kEveryWord[] = {
    "acl",
    "async",
    "atime",
    "bind",
    "copy-symlink",
    "defaults",
    "dest-nofollow",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "idmap",
    "iversion",
    "lazytime",
    "loud",
    "mand",
    "noacl",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "noiversion",
    "nolazytime",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nosymfollow",
    "private",
    "ratime",
    "rbind",
    "rdev",
    "rdiratime",
    "relatime",
    "remount",
    "rexec",
    "ridmap",
    "rnoatime",
    "rnodev",
    "rnodiratime",
    "rnoexec",
    "rnorelatime",
    "rnostrictatime",
    "rnosuid",
    "rnosymfollow",
    "ro",
    "rprivate",
    "rrelatime",
    "rro",
    "rrw",
    "rshared",
    "rslave",
    "rstrictatime",
    "rsuid",
    "rsymfollow",
    "runbindable",
    "rw",
    "shared",
    "silent",
    "slave",
    "src-nofollow",
    "strictatime",
    "suid",
    "symfollow",
    "sync",
    "tmpcopyup",
    "unbindable",
};

TEST(MountOptions, every_word_of_the_specification_runc_and_crun_has_a_meaning) {
  const auto names = mount_option_names();
  for (const std::string_view word : kEveryWord) {
    EXPECT_THAT(names, ::testing::Contains(word));
    EXPECT_EQ(parse({std::string(word)}).data, "") << word;
  }
}

TEST(MountOptions, what_cannot_be_honoured_is_refused_by_its_word) {
  for (const std::string_view word : kEveryWord) {
    const bool of_bind = word == "sync" || word == "dirsync" || word == "tmpcopyup";
    const bool of_others = word == "src-nofollow" || word == "copy-symlink";
    const bool of_both = word == "mand" || word == "noacl" || word == "remount";
    const std::string start = "mounts[0].options: " + std::string(word) + ": ";
    EXPECT_EQ(refusal({std::string(word)}, true).starts_with(start), of_bind || of_both) << word;
    EXPECT_EQ(refusal({std::string(word)}, false).starts_with(start), of_others || of_both) << word;
  }
}

TEST(MountOptions, option_of_a_file_system_is_refused_for_a_bind_mount) {
  EXPECT_THAT(refusal({"ro", "nosiud", "size=1m"}, true),
              ::testing::HasSubstr("mounts[0].options: nosiud: "));
  EXPECT_EQ(refusal({"ro", "size=1m"}, false), "");
  EXPECT_THAT(refusal({"tmpcopyup"}, false, "proc"), ::testing::HasSubstr("tmpcopyup"));
}

TEST(MountOptions, option_taken_back_is_not_refused) {
  EXPECT_EQ(refusal({"sync", "async", "mand", "nomand", "noacl", "acl"}, true), "");
}

TEST(MountOptions, names_are_sorted_and_hold_those_of_runc) {
  const auto names = mount_option_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(
      names, ::testing::IsSupersetOf({"rbind", "rro", "tmpcopyup", "unbindable", "nosymfollow", "lazytime"}));
}

}  // namespace
}  // namespace caisson::runtime::oci
