// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/copy_up.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

class CopyUp : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "host: not root here";
    }
    for (const char* directory : {"from", "to"}) {
      std::filesystem::create_directory(scratch_ / directory);
    }
  }

  Result<void> copy() {
    const UniqueFd from(::open((scratch_ / "from").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd to(::open((scratch_ / "to").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return copy_tree(from.get(), to.get());
  }
  struct stat look_at(const std::string& name) {
    struct stat info {};
    EXPECT_EQ(::lstat((scratch_ / name).c_str(), &info), 0) << name;
    return info;
  }
  std::string attribute(const std::string& name, const char* attribute) {
    std::array<char, 256> value{};
    const ssize_t size = ::lgetxattr((scratch_ / name).c_str(), attribute, value.data(), value.size());
    return size < 0 ? "none" : std::string(value.data(), static_cast<size_t>(size));
  }

  test::ScratchDirectory scratch_;
};

TEST_F(CopyUp, set_id_bits_survive_the_change_of_owner) {
  scratch_.write("from/program", "text");
  std::filesystem::create_directory(scratch_ / "from/sub");
  for (const char* name : {"from/program", "from/sub"}) {
    ASSERT_EQ(::chown((scratch_ / name).c_str(), 12, 34), 0);
  }
  ASSERT_EQ(::chmod((scratch_ / "from/program").c_str(), 06755), 0);
  ASSERT_EQ(::chmod((scratch_ / "from/sub").c_str(), 03750), 0);
  const auto copied = copy();
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(look_at("to/program").st_mode, mode_t{S_IFREG | 06755});
  EXPECT_EQ(look_at("to/sub").st_mode, mode_t{S_IFDIR | 03750});
  EXPECT_EQ(look_at("to/program").st_uid, 12U);
  EXPECT_EQ(look_at("to/program").st_gid, 34U);
  EXPECT_EQ(scratch_.read("to/program"), "text");
}

TEST_F(CopyUp, extended_attributes_and_access_control_lists_are_kept) {
  scratch_.write("from/file", "text");
  std::filesystem::create_directory(scratch_ / "from/sub");
  // [acl(5)] version 2; user::rwx, user:1000:r--, group::r-x, mask::r-x, other::---
  const std::string_view list(
      "\x02\0\0\0"
      "\x01\0\x07\0\xff\xff\xff\xff"
      "\x02\0\x04\0\xe8\x03\0\0"
      "\x04\0\x05\0\xff\xff\xff\xff"
      "\x10\0\x05\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff",
      44);
  ASSERT_EQ(::setxattr((scratch_ / "from/file").c_str(), "trusted.mark", "value", 5, 0), 0);
  if (::setxattr((scratch_ / "from/sub").c_str(), "system.posix_acl_default", list.data(), list.size(), 0) <
          0 ||
      ::setxattr((scratch_ / "from/file").c_str(), "system.posix_acl_access", list.data(), list.size(), 0) <
          0) {
    GTEST_SKIP() << "host: no access control lists in its temporary directory";
  }
  const auto copied = copy();
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(attribute("to/file", "trusted.mark"), "value");
  EXPECT_EQ(attribute("to/file", "system.posix_acl_access"), list);
  EXPECT_EQ(attribute("to/sub", "system.posix_acl_default"), list);
}

TEST_F(CopyUp, names_of_one_file_stay_names_of_one_file) {
  std::filesystem::create_directories(scratch_ / "from/a/b");
  scratch_.write("from/a/b/first", "text");
  std::filesystem::create_hard_link(scratch_ / "from/a/b/first", scratch_ / "from/second");
  ASSERT_TRUE(copy());
  EXPECT_EQ(look_at("to/second").st_ino, look_at("to/a/b/first").st_ino);
  EXPECT_EQ(look_at("to/second").st_nlink, 2U);
}

TEST_F(CopyUp, times_links_and_nodes_are_kept) {
  std::filesystem::create_directories(scratch_ / "from/sub");
  scratch_.write("from/sub/file", "text");
  std::filesystem::create_symlink("/nowhere", scratch_ / "from/link");
  ASSERT_EQ(::mkfifo((scratch_ / "from/pipe").c_str(), 0), 0);
  ASSERT_EQ(::chmod((scratch_ / "from/pipe").c_str(), 0626), 0);
  const timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 1}, {.tv_sec = 2000, .tv_nsec = 2}};
  for (const char* name : {"from/sub/file", "from/link", "from/sub"}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, (scratch_ / name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  ASSERT_TRUE(copy());
  for (const char* name : {"to/sub/file", "to/link", "to/sub"}) {
    EXPECT_EQ(look_at(name).st_mtim.tv_sec, 2000) << name;
    EXPECT_EQ(look_at(name).st_mtim.tv_nsec, 2) << name;
  }
  EXPECT_EQ(std::filesystem::read_symlink(scratch_ / "to/link"), "/nowhere");
  EXPECT_EQ(look_at("to/pipe").st_mode, mode_t{S_IFIFO | 0626});
}

TEST_F(CopyUp, tree_is_followed_as_deep_as_may_be) {
  std::string path = "from";
  for (int i = 0; i < 64; ++i) {
    path += "/d";
  }
  std::filesystem::create_directories(scratch_ / path);
  EXPECT_TRUE(copy());
  std::filesystem::create_directories(scratch_ / (path + "/d"));
  std::filesystem::remove_all(scratch_ / "to");
  std::filesystem::create_directory(scratch_ / "to");
  EXPECT_EQ(copy().error().code, ELOOP);
}

TEST_F(CopyUp, links_that_lead_out_are_copied_and_not_followed) {
  scratch_.write("secret", "secret");
  std::filesystem::create_directory(scratch_ / "outside");
  scratch_.write("outside/file", "x");
  std::filesystem::create_symlink(scratch_ / "secret", scratch_ / "from/file");
  std::filesystem::create_directory_symlink(scratch_ / "outside", scratch_ / "from/directory");
  ASSERT_TRUE(copy());
  EXPECT_TRUE(S_ISLNK(look_at("to/file").st_mode));
  EXPECT_TRUE(S_ISLNK(look_at("to/directory").st_mode));
  EXPECT_EQ(std::filesystem::read_symlink(scratch_ / "to/file"), scratch_ / "secret");
}

TEST_F(CopyUp, what_is_there_already_is_not_written_over) {
  scratch_.write("from/file", "new");
  scratch_.write("to/file", "old");
  const auto refused = copy();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.substr(0, 6), "file: ");
  EXPECT_EQ(scratch_.read("to/file"), "old");
}

}  // namespace
}  // namespace caisson::agent
