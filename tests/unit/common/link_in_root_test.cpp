// SPDX-License-Identifier: Apache-2.0
// Symbolic links made inside a root that tries to lead out of it.
#include "common/link_in_root.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/unique_fd.h"
#include "tests/support/scratch_directory.h"

namespace caisson {
namespace {

namespace fs = std::filesystem;

class LinkInRoot : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(top_ / "root");
    fs::create_directories(top_ / "outside");
    root_.reset(::open((top_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  int code_of(const std::string& path, const std::string& target) {
    const auto made = make_link_in_root(root_.get(), path, target);
    return made ? 0 : made.error().code;
  }

  test::ScratchDirectory scratch_;
  fs::path top_ = scratch_.path();
  UniqueFd root_;
};

TEST_F(LinkInRoot, missing_directories_are_made_and_the_same_link_is_kept) {
  EXPECT_EQ(code_of("/a/b/link", "to nowhere"), 0);
  EXPECT_EQ(fs::read_symlink(top_ / "root/a/b/link"), "to nowhere");
  EXPECT_EQ(code_of("/a/b/link", "to nowhere"), 0);
}

TEST_F(LinkInRoot, other_files_there_are_refused_and_kept) {
  std::ofstream(top_ / "root/file") << "kept";
  fs::create_symlink("elsewhere", top_ / "root/link");
  EXPECT_EQ(code_of("/file", "target"), EEXIST);
  EXPECT_EQ(code_of("/link", "target"), EEXIST);
  EXPECT_EQ(fs::file_size(top_ / "root/file"), 4U);
  EXPECT_EQ(fs::read_symlink(top_ / "root/link"), "elsewhere");
}

TEST_F(LinkInRoot, directories_that_lead_out_of_the_root_do_not) {
  fs::create_symlink("../outside", top_ / "root/out");
  EXPECT_EQ(code_of("/out/link", "target"), 0);
  EXPECT_FALSE(fs::is_symlink(top_ / "outside/link"));
  EXPECT_TRUE(fs::is_symlink(top_ / "root/outside/link"));
}

TEST_F(LinkInRoot, paths_without_a_name_are_refused) {
  for (const char* path : {"/", "", "/a/", "/a/.", "/a/..", "name"}) {
    EXPECT_EQ(code_of(path, "target"), EINVAL) << path;
  }
}

TEST_F(LinkInRoot, only_links_are_read) {
  fs::create_symlink("target", top_ / "root/link");
  std::ofstream(top_ / "root/file");
  EXPECT_EQ(*read_link_at(root_.get(), "link"), "target");
  EXPECT_EQ(read_link_at(root_.get(), "file").error().code, EINVAL);
}

}  // namespace
}  // namespace caisson
