// SPDX-License-Identifier: Apache-2.0
// To make files for another takes root.
#include "runtime/system/creation_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class CreationIdentityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "host: not root here";
  }
  struct stat made(const char* name, mode_t mode) {
    EXPECT_TRUE(UniqueFd(::open((scratch_ / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)));
    return scratch_.stat(name);
  }

  test::ScratchDirectory scratch_;
};

TEST_F(CreationIdentityTest, files_are_made_as_they_stay) {
  const mode_t before = ::umask(077);
  {
    const auto identity = CreationIdentity::assume(1234, 5678);
    ASSERT_TRUE(identity) << identity.error().message;
    const struct stat file = made("theirs", 0666);
    EXPECT_EQ(file.st_uid, 1234U);
    EXPECT_EQ(file.st_gid, 5678U);
    EXPECT_EQ(file.st_mode & 07777U, 0666U) << "whatever the umask";
  }
  const struct stat file = made("ours", 0666);
  EXPECT_EQ(file.st_uid, ::geteuid());
  EXPECT_EQ(file.st_gid, ::getegid());
  EXPECT_EQ(file.st_mode & 07777U, 0600U) << "the umask is back";
  EXPECT_EQ(::umask(before), 077U);
}

TEST_F(CreationIdentityTest, rights_to_files_stay_what_they_were) {
  ASSERT_EQ(::chmod(scratch_.path().c_str(), 0700), 0);
  const auto identity = CreationIdentity::assume(1234, 5678);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(made("in-anothers-directory", 0600).st_uid, 1234U);
}

TEST_F(CreationIdentityTest, moved_it_ends_once) {
  {
    auto identity = CreationIdentity::assume(1234, 5678);
    ASSERT_TRUE(identity) << identity.error().message;
    const CreationIdentity moved(*std::move(identity));
    EXPECT_EQ(made("theirs", 0600).st_uid, 1234U);
  }
  EXPECT_EQ(made("ours", 0600).st_uid, ::geteuid());
}

}  // namespace
}  // namespace caisson::runtime
