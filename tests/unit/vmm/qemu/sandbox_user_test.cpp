// SPDX-License-Identifier: Apache-2.0
// No two living sandboxes share a user, whoever dies how; and none is one that the host gives to somebody.
#include "vmm/qemu/sandbox_user.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <set>
#include <vector>

#include "tests/support/scratch_directory.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

constexpr UserRange kThree{.first = 1'900'000'000, .last = 1'900'000'002};

class SandboxUserTest : public ::testing::Test {
 protected:
  Result<SandboxUser> claim(const UserRange& range = kThree) {
    return SandboxUser::claim(range, {.locks = (folder_ / "locks").string(), .etc = folder_.path().string()});
  }
  std::string refusal(const UserRange& range = kThree) {
    const auto user = claim(range);
    return user ? "" : user.error().message;
  }
  void write(std::string_view name, std::string_view text) { folder_.write(name, text); }

  test::ScratchDirectory folder_;
};

TEST_F(SandboxUserTest, each_living_sandbox_has_another_until_there_is_none) {
  std::vector<SandboxUser> living;
  std::set<uid_t> ids;
  for (uint32_t i = 0; i < kThree.size(); ++i) {
    auto user = claim();
    ASSERT_TRUE(user) << user.error().message;
    EXPECT_TRUE(kThree.contains(user->id()));
    ids.insert(user->id());
    living.push_back(std::move(*user));
  }
  EXPECT_EQ(ids.size(), kThree.size());
  EXPECT_THAT(refusal(), HasSubstr("all of 1900000000-1900000002 are taken"));
  EXPECT_THAT(refusal(), HasSubstr("CAISSON_QEMU_USERS"));
  const uid_t freed = living.back().id();
  living.pop_back();
  EXPECT_EQ(claim()->id(), freed);
}

TEST_F(SandboxUserTest, ranges_that_overlap_share_none) {
  const auto first = claim({.first = 1'900'000'002, .last = 1'900'000'002});
  ASSERT_TRUE(first);
  const auto second = claim();
  const auto third = claim();
  ASSERT_TRUE(second && third);
  EXPECT_NE(refusal(), "");
}

// As QEMU does for the moment by which it outlives caisson-vmm.
TEST_F(SandboxUserTest, a_process_that_inherited_the_lock_keeps_the_user_and_its_death_by_kill_frees_it) {
  const UserRange one{.first = 1'900'000'000, .last = 1'900'000'000};
  pid_t child = -1;
  {
    const auto user = claim(one);
    ASSERT_TRUE(user);
    child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  EXPECT_NE(refusal(one), "");
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(refusal(one), "");
}

TEST_F(SandboxUserTest, a_range_with_users_of_the_host_is_refused_by_whose_they_are) {
  constexpr std::array kCases = {
      std::pair{"passwd", "bob:x:1900000001:100::/:/bin/sh"}, std::pair{"group", "staff:x:1900000002:bob"},
      std::pair{"subuid", "eve:1899999000:1001"}, std::pair{"subgid", "eve:1900000002:65536"}};
  for (const auto& [name, line] : kCases) {
    write(name, std::string("root:x:0:0::/:\n") + line + "\n");
    EXPECT_THAT(refusal(), HasSubstr("/" + std::string(name) + " gives ids of these to ")) << line;
    EXPECT_THAT(refusal(), HasSubstr("CAISSON_QEMU_USERS"));
    std::filesystem::remove(folder_ / name);
  }
}

TEST_F(SandboxUserTest, users_beside_the_range_and_lines_without_sense_do_not_matter) {
  write("passwd",
        "a:x:1899999999:1:\nb:x:1900000003:1:\n\n:::\nnonsense\nc:x:-1:0\nd:x:99999999999999999999:0\n");
  write("subuid", "a:1899999000:1000\nb:1900000003:65536\nc:1900000001:0\nd:0:0\ne:7\n");
  EXPECT_EQ(refusal(), "");
}

TEST_F(SandboxUserTest, a_file_of_locks_that_others_may_open_or_that_is_a_link_is_refused) {
  write("locks", "");
  ASSERT_EQ(::chmod((folder_ / "locks").c_str(), 0666), 0);
  EXPECT_THAT(refusal(), HasSubstr("not a file of ours alone"));
  std::filesystem::remove(folder_ / "locks");
  write("elsewhere", "");
  std::filesystem::create_symlink("elsewhere", folder_ / "locks");
  EXPECT_NE(refusal(), "");
}

}  // namespace
}  // namespace caisson::vmm
