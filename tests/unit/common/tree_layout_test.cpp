// SPDX-License-Identifier: Apache-2.0
#include "common/tree_layout.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/in_namespaces.h"

namespace caisson {
namespace {

class TreeLayout : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  // A copy, in no namespace, of a new file system at `path`.
  static UniqueFd tree_at(const std::string& path) {
    std::filesystem::create_directories(path);
    EXPECT_EQ(::mount("test", path.c_str(), "tmpfs", 0, "mode=755"), 0);
    return UniqueFd(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  }
  static void touch(const std::string& path) { std::ofstream(path) << "x"; }
  static bool exists(const std::string& path) { return std::filesystem::exists(path); }
  static std::vector<PlacedTree> with_first(UniqueFd first) {
    std::vector<PlacedTree> trees;
    trees.push_back({.destination = "/", .tree = std::move(first)});
    return trees;
  }
};

TEST_F(TreeLayout, empty_tree_is_empty_and_read_only_but_for_its_file) {
  test::in_namespaces([] {
    const auto empty = empty_tree();
    ASSERT_TRUE(empty) << empty.error().message;
    EXPECT_EQ(::openat(empty->get(), "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
    EXPECT_EQ(errno, EROFS);
    struct statvfs info {};
    ASSERT_EQ(::fstatvfs(empty->get(), &info), 0);
    constexpr unsigned long kAll = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
    EXPECT_EQ(info.f_flag & kAll, kAll);
    const auto with_file = empty_tree("file");
    ASSERT_TRUE(with_file);
    struct stat file {};
    ASSERT_EQ(::fstatat(with_file->get(), "file", &file, 0), 0);
    EXPECT_EQ(file.st_mode, mode_t{S_IFREG});
  });
}

TEST_F(TreeLayout, trees_lie_at_their_places_and_one_without_a_tree_is_covered) {
  test::in_namespaces([] {
    auto trees = with_first(tree_at("/tmp/root"));
    std::filesystem::create_directories("/tmp/root/data");
    std::filesystem::create_directories("/tmp/root/hidden");
    touch("/tmp/root/hidden/secret");
    trees.push_back({.destination = "/data", .tree = tree_at("/tmp/data")});
    touch("/tmp/data/file");
    trees.push_back({.destination = "/hidden", .tree = {}});
    trees.push_back({.destination = "/absent", .tree = {}});
    std::filesystem::create_directories("/tmp/at");
    ASSERT_TRUE(lay_out_trees(trees, "/tmp/at"));
    EXPECT_TRUE(exists("/tmp/at/data/file"));
    EXPECT_TRUE(std::filesystem::is_empty("/tmp/at/hidden"));
    EXPECT_FALSE(exists("/tmp/at/absent"));
  });
}

TEST_F(TreeLayout, place_is_looked_for_inside_the_first_tree_whatever_leads_out_of_it) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/victim");
    auto trees = with_first(tree_at("/tmp/root"));
    std::filesystem::create_directories("/tmp/root/tmp/victim");
    std::filesystem::create_directories("/tmp/root/a");
    std::filesystem::create_symlink("/tmp/victim", "/tmp/root/a/absolute");
    for (const char* destination : {"/a/absolute", "/../../../tmp/victim"}) {
      trees.push_back(
          {.destination = destination, .tree = tree_at("/tmp/data" + std::to_string(trees.size()))});
      touch("/tmp/data" + std::to_string(trees.size() - 1) + "/file");
    }
    std::filesystem::create_directories("/tmp/at");
    ASSERT_TRUE(lay_out_trees(trees, "/tmp/at"));
    EXPECT_TRUE(exists("/tmp/at/tmp/victim/file"));
    EXPECT_FALSE(exists("/tmp/victim/file"));
  });
}

TEST_F(TreeLayout, link_of_proc_is_not_followed) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/victim");
    (void)tree_at("/tmp/root");
    std::filesystem::create_directories("/tmp/root/proc");
    ASSERT_EQ(::mount("proc", "/tmp/root/proc", "proc", 0, nullptr), 0);
    auto trees = with_first(
        UniqueFd(::open_tree(AT_FDCWD, "/tmp/root", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)));
    trees.push_back({.destination = "/proc/1/root/tmp/victim", .tree = tree_at("/tmp/data")});
    touch("/tmp/data/file");
    std::filesystem::create_directories("/tmp/at");
    ASSERT_TRUE(lay_out_trees(trees, "/tmp/at"));
    EXPECT_FALSE(exists("/tmp/victim/file"));
  });
}

TEST_F(TreeLayout, place_of_another_kind_is_left_out_and_the_others_are_not) {
  test::in_namespaces([] {
    auto trees = with_first(tree_at("/tmp/root"));
    touch("/tmp/root/file");
    std::filesystem::create_directories("/tmp/root/data");
    trees.push_back({.destination = "/file", .tree = tree_at("/tmp/one")});
    trees.push_back({.destination = "/data", .tree = tree_at("/tmp/two")});
    touch("/tmp/two/file");
    std::filesystem::create_directories("/tmp/at");
    ASSERT_TRUE(lay_out_trees(trees, "/tmp/at"));
    EXPECT_TRUE(std::filesystem::is_regular_file("/tmp/at/file"));
    EXPECT_TRUE(exists("/tmp/at/data/file"));
  });
}

TEST_F(TreeLayout, nothing_is_laid_out_of_no_trees_and_a_place_that_is_none_is_told) {
  test::in_namespaces([] {
    EXPECT_TRUE(lay_out_trees({}, "/absent"));
    const auto absent = lay_out_trees(with_first(tree_at("/tmp/root")), "/absent");
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, ENOENT);
    EXPECT_TRUE(absent.error().message.starts_with("mount root file system for the host to see: "));
  });
}

}  // namespace
}  // namespace caisson
