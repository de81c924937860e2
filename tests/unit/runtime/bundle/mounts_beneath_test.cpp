// SPDX-License-Identifier: Apache-2.0
// What mountinfo says of a directory, by its text: paths there are strangers'.
#include "runtime/bundle/mounts_beneath.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/mount.h>

#include "common/unique_fd.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

std::string line(const std::string& point, const std::string& options = "rw") {
  return "36 35 98:0 /source " + point + " " + options + " master:1 - ext3 /dev/root rw,errors=continue\n";
}

std::vector<std::string> paths(std::string_view directory, const std::string& mountinfo) {
  std::vector<std::string> found;
  for (const MountBeneath& mount : mounts_beneath(directory, mountinfo)) found.push_back(mount.path);
  return found;
}

TEST(MountsBeneath, are_told_from_there_on) {
  const std::string text = line("/") + line("/a") + line("/a/b") + line("/a/b/c") + line("/ab") + line("/b");
  EXPECT_THAT(paths("/a", text), ElementsAre("b", "b/c"));
  EXPECT_THAT(paths("/", text), ElementsAre("a", "a/b", "a/b/c", "ab", "b"));
  EXPECT_THAT(paths("/a/b/c", text), ElementsAre());
}

TEST(MountsBeneath, names_are_unescaped) {
  const std::string text = line("/a/with\\040blank") + line("/a/with\\134slash") + line("/a/odd\\9z") +
                           line("/a/end\\04") + line("/b\\040c/d");
  EXPECT_THAT(paths("/a", text), ElementsAre("with blank", "with\\slash", "odd\\9z", "end\\04"));
  EXPECT_THAT(paths("/b c", text), ElementsAre("d"));
}

TEST(MountsBeneath, keep_what_they_allow) {
  const auto found =
      mounts_beneath("/a", line("/a/b", "ro,nosuid,nodev") + line("/a/c", "rw,noexec,relatime"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].flags, uint64_t{MS_RDONLY | MS_NOSUID | MS_NODEV});
  EXPECT_EQ(found[1].flags, uint64_t{MS_NOEXEC});
}

TEST(MountsBeneath, are_bounded) {
  std::string text;
  for (size_t i = 0; i <= kMaxMountsBeneath; ++i) text += line("/a/" + std::to_string(i));
  EXPECT_EQ(mounts_beneath("/a", text).size(), kMaxMountsBeneath);
}

TEST(MountsBeneath, malformed_lines_are_none) {
  EXPECT_THAT(paths("/a", "\n1 2\n1 2 3 4\nx\n" + line("/a/b")), ElementsAre("b"));
  EXPECT_THAT(paths("/a", ""), ElementsAre());
}

TEST(MountsBeneath, are_those_of_where_a_directory_is) {
  const UniqueFd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto found = mounts_beneath(root.get());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(std::any_of(found->begin(), found->end(),
                          [](const MountBeneath& mount) { return mount.path == "proc"; }));
  const test::ScratchDirectory scratch;
  EXPECT_TRUE(mounts_beneath(scratch.open().get())->empty());
  EXPECT_FALSE(mounts_beneath(-1));
}

TEST(MountFlags, are_of_words) {
  EXPECT_EQ(mount_flags(""), 0U);
  EXPECT_EQ(mount_flags("rw"), 0U);
  EXPECT_EQ(mount_flags("ro,noatime,nodiratime,nosymfollow"),
            uint64_t{MS_RDONLY | MS_NOATIME | MS_NODIRATIME | MS_NOSYMFOLLOW});
  EXPECT_EQ(mount_flags("road,xnosuid,nodevx,relatime"), 0U);
}

TEST(MountFlags, of_an_open_file_are_its_mounts) {
  const UniqueFd proc(::open("/proc", O_PATH | O_CLOEXEC));
  const auto flags = mount_flags(proc.get());
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_EQ(mount_flags(-1).error().code, EBADF);
}

}  // namespace
}  // namespace caisson::runtime
