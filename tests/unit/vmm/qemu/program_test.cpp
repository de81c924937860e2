// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>

#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

// $PATH for the time of a test.
class Path {
 public:
  explicit Path(const std::string& value) {
    if (const char* before = ::getenv("PATH")) {
      before_ = before;
    }
    ::setenv("PATH", value.c_str(), 1);
  }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  ~Path() {
    if (before_) {
      ::setenv("PATH", before_->c_str(), 1);
    } else {
      ::unsetenv("PATH");
    }
  }

 private:
  std::optional<std::string> before_;
};

class QemuProgram : public ::testing::Test {
 protected:
  QemuProgram() {
    for (const char* folder : {"a", "b"}) {
      std::filesystem::create_directory(scratch_ / folder);
    }
  }
  std::string program(const std::string& name, mode_t mode) {
    scratch_.write(name, "#!/bin/sh\n");
    EXPECT_EQ(::chmod((scratch_ / name).c_str(), mode), 0);
    return (scratch_ / name).string();
  }
  [[nodiscard]] std::string folder(const char* name) const { return (scratch_ / name).string(); }

  test::ScratchDirectory scratch_;
};

TEST_F(QemuProgram, first_in_path_that_may_be_executed_is_it) {
  program("a/qemu", 0644);
  const std::string second = program("b/qemu", 0755);
  const Path path(folder("a") + ":" + folder("b"));
  EXPECT_EQ(find_program("qemu").value(), second);
  ::chmod((scratch_ / "a/qemu").c_str(), 0755);
  EXPECT_EQ(find_program("qemu").value(), folder("a") + "/qemu");
}

TEST_F(QemuProgram, empty_parts_of_path_mean_nothing) {
  program("qemu", 0755);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(scratch_.path());
  {
    const Path path("::" + folder("a") + ":");
    const auto found = find_program("qemu");
    EXPECT_FALSE(found);
    EXPECT_EQ(found ? 0 : found.error().code, ENOENT);
  }
  std::filesystem::current_path(before);
}

TEST_F(QemuProgram, missing_one_is_refused_with_the_remedy) {
  const Path path(folder("a"));
  const auto found = find_program("qemu");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ENOENT);
  EXPECT_NE(found.error().message.find("install the package qemu-system-x86"), std::string::npos);
}

TEST_F(QemuProgram, path_is_taken_as_it_is_if_it_may_be_executed) {
  const Path path("/nowhere");
  const std::string good = program("a/qemu", 0755);
  EXPECT_EQ(find_program(good).value(), good);
  const auto bad = find_program(program("b/qemu", 0644));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, EACCES);
}

}  // namespace
}  // namespace caisson::vmm
