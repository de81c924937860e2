// SPDX-License-Identifier: Apache-2.0
// Paths resolved inside a root that tries to lead out of it.
#include "common/resolve_in_root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace caisson {
namespace {

namespace fs = std::filesystem;

class ResolveInRoot : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "caisson-resolve.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    top_ = pattern;
    fs::create_directories(top_ / "root/a/b");
    fs::create_directories(top_ / "outside");
    root_.reset(::open((top_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override { fs::remove_all(top_); }

  // The path of what was found, relative to the top, or the error.
  std::string find(const std::string& path, Missing missing = Missing::refuse,
                   LastLink last = LastLink::follow) {
    const auto found = resolve_in_root(root_.get(), path, missing, last);
    if (!found) {
      return "error " + std::to_string(found.error().code);
    }
    return fs::read_symlink("/proc/self/fd/" + std::to_string(found->get()))
        .lexically_relative(fs::canonical(top_));
  }

  fs::path top_;
  UniqueFd root_;
};

TEST_F(ResolveInRoot, plain_paths_lead_where_they_say) {
  EXPECT_EQ(find("/a/b"), "root/a/b");
  EXPECT_EQ(find("a//./b/"), "root/a/b");
  EXPECT_EQ(find("/"), "root");
  EXPECT_EQ(find(""), "root");
}

TEST_F(ResolveInRoot, dots_stop_at_the_root) {
  EXPECT_EQ(find("/../../outside"), "error " + std::to_string(ENOENT));
  EXPECT_EQ(find("/a/../../../a"), "root/a");
}

TEST_F(ResolveInRoot, absolute_and_climbing_symlinks_stay_inside) {
  fs::create_symlink("/", top_ / "root/slash");
  fs::create_symlink("../../../../outside", top_ / "root/a/climb");
  fs::create_symlink(top_ / "outside", top_ / "root/abs");
  EXPECT_EQ(find("/slash/a"), "root/a");
  EXPECT_EQ(find("/a/climb"), "error " + std::to_string(ENOENT));
  EXPECT_EQ(find("/a/climb/x", Missing::make_directory), "root/outside/x");
  EXPECT_FALSE(fs::exists(top_ / "outside/x"));
  EXPECT_EQ(find("/abs", Missing::refuse), "error " + std::to_string(ENOENT));
}

TEST_F(ResolveInRoot, symlink_loop_ends) {
  fs::create_symlink("two", top_ / "root/one");
  fs::create_symlink("one", top_ / "root/two");
  EXPECT_EQ(find("/one"), "error " + std::to_string(ELOOP));
}

TEST_F(ResolveInRoot, symlinks_that_grow_the_path_end) {
  fs::create_symlink("grow/grow/grow", top_ / "root/grow");
  EXPECT_EQ(find("/grow"), "error " + std::to_string(ELOOP));
}

TEST_F(ResolveInRoot, last_symlink_is_kept_where_asked) {
  fs::create_symlink("a", top_ / "root/link");
  EXPECT_EQ(find("/link", Missing::refuse, LastLink::keep), "root/link");
  EXPECT_EQ(find("/link/b", Missing::refuse, LastLink::keep), "root/a/b");
}

TEST_F(ResolveInRoot, missing_parts_are_made_as_asked) {
  EXPECT_EQ(find("/new/file", Missing::make_file), "root/new/file");
  EXPECT_TRUE(fs::is_regular_file(top_ / "root/new/file"));
  EXPECT_EQ(find("/new/directory", Missing::make_directory), "root/new/directory");
  EXPECT_TRUE(fs::is_directory(top_ / "root/new/directory"));
}

TEST_F(ResolveInRoot, file_in_the_way_is_no_directory) {
  std::ofstream(top_ / "root/file") << "x";
  EXPECT_EQ(find("/file/x", Missing::make_directory), "error " + std::to_string(ENOTDIR));
}

TEST_F(ResolveInRoot, nul_and_endless_paths_are_refused) {
  EXPECT_EQ(find(std::string("a\0b", 3)), "error " + std::to_string(EINVAL));
  EXPECT_EQ(find(std::string(5000, 'a')), "error " + std::to_string(EINVAL));
  std::string deep;
  for (int i = 0; i < 300; ++i) {
    deep += "/d";
  }
  EXPECT_EQ(find(deep, Missing::make_directory), "error " + std::to_string(ENAMETOOLONG));
}

}  // namespace
}  // namespace caisson
