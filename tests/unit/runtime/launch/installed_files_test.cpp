// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/installed_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/system/install_paths.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class Installed : public ::testing::Test {
 protected:
  Installed() {
    for (const char* name : {"vmm", "kernel", "initramfs"}) scratch_.write(name, "");
    ::chmod((scratch_ / "vmm").c_str(), 0755);
    set("CAISSON_VMM", scratch_ / "vmm");
    set("CAISSON_KERNEL", scratch_ / "kernel");
    set("CAISSON_INITRAMFS", scratch_ / "initramfs");
  }
  ~Installed() override {
    for (const char* name : {"CAISSON_VMM", "CAISSON_KERNEL", "CAISSON_INITRAMFS"}) ::unsetenv(name);
  }
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  void expect_missing(const std::string& what, const std::string& variable) {
    const auto files = find_installed_files();
    ASSERT_FALSE(files) << what;
    EXPECT_EQ(files.error().code, ENOENT);
    EXPECT_THAT(
        files.error().message,
        ::testing::StartsWith("find " + what + " at /nonexistent (install it, or set " + variable + "): "));
  }

  test::ScratchDirectory scratch_;
};

TEST_F(Installed, chosen_ones_win) {
  const auto files = find_installed_files();
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->vmm, scratch_ / "vmm");
  EXPECT_EQ(files->kernel, scratch_ / "kernel");
  EXPECT_EQ(files->initramfs, scratch_ / "initramfs");
}

TEST_F(Installed, missing_one_is_named_with_the_remedy) {
  set("CAISSON_INITRAMFS", "/nonexistent");
  expect_missing("the guest's initramfs", "CAISSON_INITRAMFS");
  set("CAISSON_KERNEL", "/nonexistent");
  expect_missing("the guest kernel", "CAISSON_KERNEL");
  set("CAISSON_VMM", "/nonexistent");
  expect_missing("caisson-vmm", "CAISSON_VMM");
}

TEST_F(Installed, program_must_be_executable) {
  set("CAISSON_VMM", scratch_ / "kernel");
  const auto files = find_installed_files();
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, EACCES);
}

TEST_F(Installed, chosen_ones_are_expected_though_they_are_not_there) {
  set("CAISSON_KERNEL", "/nonexistent");
  EXPECT_EQ(expected_files().kernel, "/nonexistent");
}

TEST_F(Installed, empty_choice_is_none) {
  set("CAISSON_KERNEL", "");
  EXPECT_THAT(expected_files().kernel, ::testing::EndsWith("vmlinux"));
}

TEST_F(Installed, without_a_build_tree_they_are_where_they_are_installed) {
  ::unsetenv("CAISSON_INITRAMFS");
  const std::string expected = expected_files().initramfs;
  // This program lies in build/NAME/bin: share/ is there once a release has been built.
  EXPECT_TRUE(expected.ends_with(std::string("/bin/") + kInstalledInitramfs) ||
              expected.ends_with("/bin/../share/initramfs.cpio"))
      << expected;
}

}  // namespace
}  // namespace caisson::runtime
