// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

size_t entries_of(const std::filesystem::path& directory) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

TEST(Files, replaced_file_has_the_new_text_and_nothing_is_left_beside_it) {
  const test::ScratchDirectory scratch;
  scratch.write("file", "old and longer");
  ASSERT_TRUE(replace_file(scratch / "file", "new", 0600));
  EXPECT_EQ(scratch.read("file"), "new");
  EXPECT_EQ(entries_of(scratch.path()), 1U);
}

TEST(Files, replacing_a_link_leaves_what_it_leads_to) {
  const test::ScratchDirectory scratch;
  scratch.write("victim", "mine");
  std::filesystem::create_symlink(scratch / "victim", scratch / "file");
  ASSERT_TRUE(replace_file(scratch / "file", "new", 0600));
  EXPECT_EQ(scratch.read("victim"), "mine");
  EXPECT_EQ(scratch.read("file"), "new");
}

TEST(Files, name_laid_out_beforehand_is_not_written_through) {
  const test::ScratchDirectory scratch;
  scratch.write("victim", "mine");
  // Whoever may write the directory knows our process id.
  std::filesystem::create_hard_link(scratch / "victim",
                                    scratch / ("file." + std::to_string(::getpid()) + ".new"));
  ASSERT_TRUE(replace_file(scratch / "file", "new", 0600));
  EXPECT_EQ(scratch.read("victim"), "mine");
}

TEST(Files, created_file_does_not_take_the_place_of_one_nor_of_a_dangling_link) {
  const test::ScratchDirectory scratch;
  ASSERT_TRUE(create_file(scratch / "file", "first", 0600));
  const auto again = create_file(scratch / "file", "second", 0600);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_EQ(scratch.read("file"), "first");
  std::filesystem::create_symlink("nowhere", scratch / "link");
  EXPECT_FALSE(create_file(scratch / "link", "text", 0600));
  EXPECT_EQ(entries_of(scratch.path()), 2U);
}

TEST(Files, file_in_a_missing_directory_names_the_directory) {
  const auto written = replace_file("/nonexistent/file", "text", 0600);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "open /nonexistent/: No such file or directory");
}

}  // namespace
}  // namespace caisson::runtime
