// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class StateDirectory : public ::testing::Test {
 protected:
  test::ScratchDirectory scratch_;
  std::string path_ = scratch_.path();
};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

ContainerState sample() {
  ContainerState state;
  state.id = "a";
  state.oci_version = "1.0.2";
  state.created = timestamp_now();
  return state;
}

TEST_F(StateDirectory, second_container_by_the_same_name_is_refused) {
  const StateRoot root(path_);
  ASSERT_TRUE(root.reserve("a"));
  const auto again = root.reserve("a");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_THAT(again.error().message, ::testing::HasSubstr("container with given ID already exists"));
}

TEST_F(StateDirectory, absent_container_does_not_exist) {
  const StateRoot root(path_);
  EXPECT_EQ(root.find("a").error().code, ENOENT);
  EXPECT_EQ(root.lock("a").error().code, ENOENT);
  EXPECT_THAT(root.find("a").error().message, ::testing::HasSubstr("does not exist"));
}

TEST_F(StateDirectory, absent_root_has_no_containers) {
  EXPECT_TRUE(StateRoot(path_ + "/none").list().value().empty());
}

TEST_F(StateDirectory, is_private) {
  const auto locked = StateRoot(path_ + "/deep/root").reserve("a");
  ASSERT_TRUE(locked) << locked.error().message;
  EXPECT_EQ(mode_of(locked->directory().path()), 0700U);
}

TEST_F(StateDirectory, modes_are_the_same_whatever_the_umask) {
  for (const mode_t umask : {0U, 0077U, 0777U}) {
    const std::string root = path_ + "/" + std::to_string(umask);
    const mode_t before = ::umask(umask);
    const auto locked = StateRoot(root + "/root").reserve("a");
    const auto written = locked ? locked->directory().save(sample()) : Result<void>();
    EXPECT_EQ(::umask(before), umask);
    ASSERT_TRUE(locked) << locked.error().message;
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(mode_of(root), 0755U);
    EXPECT_EQ(mode_of(root + "/root"), 0700U);
    EXPECT_EQ(mode_of(locked->directory().path()), 0700U);
    EXPECT_EQ(mode_of(locked->directory().output_directory()), 0700U);
    EXPECT_EQ(mode_of(locked->directory().file("state.json")), 0600U);
  }
}

TEST_F(StateDirectory, what_others_can_write_to_is_refused) {
  const std::string root = path_ + "/root";
  ASSERT_TRUE(StateRoot(root).reserve("a"));
  const auto expect_refused = [](const std::string& path, const char* why) {
    const StateRoot refused(path);
    for (const Error& error : {refused.list().error(), refused.find("a").error(), refused.lock("a").error(),
                               refused.reserve("b").error()}) {
      EXPECT_THAT(error.message, ::testing::HasSubstr(why));
    }
  };
  for (const mode_t mode : {0770U, 0702U, 01777U}) {
    ASSERT_EQ(::chmod(root.c_str(), mode), 0);
    expect_refused(root, "others than its owner may write to it");
  }
  ASSERT_EQ(::chmod(root.c_str(), 0711), 0);
  EXPECT_TRUE(StateRoot(root + "//").find("a"));
  std::filesystem::create_directory_symlink(root, path_ + "/link");
  for (const char* link : {"/link", "/link/", "/link/./"}) {
    expect_refused(path_ + link, "it is a symbolic link");
  }
  ASSERT_EQ(::chmod((root + "/a").c_str(), 0777), 0);
  EXPECT_EQ(StateRoot(root).find("a").error().code, EPERM);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(root.c_str(), 1, 1), 0);
    expect_refused(root, "it belongs to uid 1");
  }
}

TEST_F(StateDirectory, half_made_directory_is_listed_and_can_be_removed) {
  std::filesystem::create_directory(path_ + "/half");
  ASSERT_EQ(::chmod((path_ + "/half").c_str(), 0700), 0);
  const StateRoot root(path_);
  EXPECT_THAT(root.list().value(), ::testing::ElementsAre("half"));
  auto locked = root.lock("half");
  ASSERT_TRUE(locked);
  EXPECT_FALSE(locked->directory().load());
  EXPECT_TRUE(locked->directory().remove());
  EXPECT_TRUE(root.list()->empty());
}

TEST_F(StateDirectory, waiter_for_a_deleted_container_finds_it_gone) {
  const StateRoot root(path_);
  auto locked = root.reserve("a");
  ASSERT_TRUE(locked);
  auto waiter = std::async(std::launch::async, [&root] { return root.lock("a"); });
  ASSERT_TRUE(locked->directory().remove());
  locked->unlock();
  const auto result = waiter.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ENOENT);
}

TEST_F(StateDirectory, lock_that_is_a_link_is_not_followed) {
  const StateRoot root(path_ + "/root");
  ASSERT_TRUE(root.reserve("a"));
  std::filesystem::remove(path_ + "/root/a/lock");
  std::filesystem::create_symlink(path_ + "/elsewhere", path_ + "/root/a/lock");
  EXPECT_EQ(root.lock("a").error().code, ELOOP);
  EXPECT_EQ(root.try_lock("a").error().code, ELOOP);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/elsewhere"));
}

TEST_F(StateDirectory, lock_is_ours_alone) {
  const StateRoot root(path_ + "/root");
  const auto locked = root.reserve("a");
  ASSERT_TRUE(locked);
  EXPECT_EQ(mode_of(path_ + "/root/a/lock") & 0077U, 0U);
  EXPECT_EQ(root.try_lock("a").error().code, EWOULDBLOCK);
}

TEST_F(StateDirectory, lock_is_to_be_had_once_it_is_let_go) {
  const StateRoot root(path_ + "/root");
  auto locked = root.reserve("a");
  ASSERT_TRUE(locked);
  locked->unlock();
  EXPECT_TRUE(root.try_lock("a"));
}

TEST_F(StateDirectory, lists_directories_by_good_names_alone) {
  const StateRoot root(path_ + "/root");
  ASSERT_TRUE(root.reserve("b"));
  ASSERT_TRUE(root.reserve("a"));
  scratch_.write("root/file", "");
  std::filesystem::create_directory(path_ + "/root/bad name");
  std::filesystem::create_directory_symlink(path_ + "/root/a", path_ + "/root/link");
  EXPECT_THAT(root.list().value(), ::testing::ElementsAre("a", "b"));
}

TEST_F(StateDirectory, what_is_no_directory_is_no_container) {
  const StateRoot root(path_ + "/root");
  ASSERT_TRUE(root.reserve("a"));
  scratch_.write("root/file", "");
  EXPECT_EQ(root.find("file").error().code, ENOENT);
  std::filesystem::create_directory_symlink(path_ + "/root/a", path_ + "/root/link");
  EXPECT_EQ(root.find("link").error().code, ELOOP);
  EXPECT_EQ(root.lock("link").error().code, ELOOP);
}

TEST_F(StateDirectory, root_that_is_no_directory_is_refused) {
  scratch_.write("file", "");
  const StateRoot root(path_ + "/file");
  EXPECT_EQ(root.list().error().code, ENOTDIR);
  EXPECT_EQ(root.find("a").error().code, ENOTDIR);
  EXPECT_FALSE(root.reserve("a"));
}

TEST_F(StateDirectory, bad_name_is_looked_for_nowhere) {
  const StateRoot root(path_ + "/root");
  ASSERT_TRUE(root.reserve("a"));
  for (const char* id : {"../root/a", "", "."}) {
    EXPECT_EQ(root.find(id).error().code, EINVAL) << id;
    EXPECT_EQ(root.lock(id).error().code, EINVAL) << id;
    EXPECT_EQ(root.reserve(id).error().code, EINVAL) << id;
  }
}

TEST_F(StateDirectory, names_of_the_root_are_one_name) {
  EXPECT_EQ(StateRoot("/run/caisson//").path(), "/run/caisson");
  EXPECT_EQ(StateRoot("/run/caisson/./").path(), "/run/caisson");
  EXPECT_EQ(StateRoot("/").path(), "/");
}

TEST(DefaultStateRoot, is_the_users_own) {
  const char* before = ::getenv("XDG_RUNTIME_DIR");
  const std::string former = before != nullptr ? before : "";
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(default_state_root(), ::geteuid() == 0 ? "/run/caisson" : "/run/user/7/caisson");
  ::setenv("XDG_RUNTIME_DIR", "relative", 1);
  EXPECT_EQ(default_state_root(), "/run/caisson");
  before != nullptr ? ::setenv("XDG_RUNTIME_DIR", former.c_str(), 1) : ::unsetenv("XDG_RUNTIME_DIR");
}

}  // namespace
}  // namespace caisson::runtime
