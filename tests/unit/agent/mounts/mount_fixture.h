// SPDX-License-Identifier: Apache-2.0
// Mounts that a test makes in namespaces of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "agent/mounts/mount_fd.h"
#include "common/result.h"
#include "tests/support/in_namespaces.h"

namespace caisson::agent {

class MountTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = test::why_no_namespaces(); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  static void mount_tmpfs(const std::string& path, unsigned long flags = 0) {
    std::filesystem::create_directories(path);
    ASSERT_EQ(::mount("test", path.c_str(), "tmpfs", flags, "mode=755"), 0) << path;
  }
  static UniqueFd open_path(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  }
  // Where a test may look at a mount that is attached nowhere yet.
  static void attach(const UniqueFd& mount, const std::string& path) {
    std::filesystem::create_directories(path);
    ASSERT_TRUE(attach_mount(mount, open_path(path).get()));
  }
  static unsigned long flags_of(const std::string& path) {
    struct statvfs info {};
    EXPECT_EQ(::statvfs(path.c_str(), &info), 0) << path;
    return info.f_flag;
  }
  static void write_file(const std::string& path, std::string_view text) { std::ofstream(path) << text; }
  static std::string read_file(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

}  // namespace caisson::agent
