// SPDX-License-Identifier: Apache-2.0
#include "common/detached_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/in_namespaces.h"

namespace caisson {
namespace {

class DetachedDirectory : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
};

TEST_F(DetachedDirectory, leads_down_and_nowhere_else) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/a/b");
    std::ofstream("/tmp/outside") << "x";
    const auto directory = open_detached_directory("/tmp/a");
    ASSERT_TRUE(directory) << directory.error().message;
    EXPECT_EQ(::faccessat(directory->get(), "b", F_OK, 0), 0);
    struct stat own {};
    struct stat above {};
    ASSERT_EQ(::fstat(directory->get(), &own), 0);
    ASSERT_EQ(::fstatat(directory->get(), "../../..", &above, 0), 0);
    EXPECT_EQ(own.st_ino, above.st_ino);
    EXPECT_EQ(::faccessat(directory->get(), "../outside", F_OK, 0), -1);
    EXPECT_EQ(errno, ENOENT);
  });
}

TEST_F(DetachedDirectory, has_the_attributes_asked_for_and_its_original_has_not) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/a");
    const auto directory = open_detached_directory("/tmp/a", MOUNT_ATTR_RDONLY);
    ASSERT_TRUE(directory);
    EXPECT_EQ(::openat(directory->get(), "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
    EXPECT_EQ(errno, EROFS);
    EXPECT_TRUE(UniqueFd(::open("/tmp/a/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
  });
}

TEST_F(DetachedDirectory, mounts_made_later_beneath_the_original_do_not_come_along) {
  test::in_namespaces([] {
    std::filesystem::create_directories("/tmp/a/b");
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), 0);
    const auto directory = open_detached_directory("/tmp/a");
    ASSERT_TRUE(directory);
    ASSERT_EQ(::mount("x", "/tmp/a/b", "tmpfs", 0, nullptr), 0);
    std::ofstream("/tmp/a/b/file") << "x";
    EXPECT_EQ(::faccessat(directory->get(), "b/file", F_OK, 0), -1);
  });
}

TEST_F(DetachedDirectory, file_is_no_directory) {
  test::in_namespaces([] {
    std::ofstream("/tmp/file") << "x";
    EXPECT_EQ(open_detached_directory("/tmp/file").error().code, ENOTDIR);
    EXPECT_EQ(open_detached_directory("/tmp/absent").error().code, ENOENT);
  });
}

}  // namespace
}  // namespace caisson
