// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST_F(StateDirectory, outputs_of_the_machine_are_regular_files_of_bounded_size) {
  const auto locked = StateRoot(path_ + "/root").reserve("a");
  ASSERT_TRUE(locked);
  const ContainerDirectory& directory = locked->directory();
  const std::string file = directory.output_directory() + "/exit.json";
  EXPECT_EQ(directory.read_output("exit.json").error().code, ENOENT);
  scratch_.write("elsewhere", "{}");
  std::filesystem::create_symlink(path_ + "/elsewhere", file);
  EXPECT_EQ(directory.read_output("exit.json").error().code, ELOOP);
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(directory.read_output("exit.json").error().code, EPROTO);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_EQ(directory.read_output("exit.json").error().code, EPROTO);
  std::filesystem::remove(file);
  scratch_.write("root/a/vmm/exit.json", std::string(65537, ' '));
  EXPECT_EQ(directory.read_output("exit.json").error().code, EFBIG);
  scratch_.write("root/a/vmm/exit.json", "{}");
  EXPECT_EQ(directory.read_output("exit.json"), "{}");
}

TEST_F(StateDirectory, state_survives_and_leaves_no_temporary_file) {
  const auto locked = StateRoot(path_).reserve("a");
  ASSERT_TRUE(locked);
  ASSERT_TRUE(locked->directory().save(sample()));
  EXPECT_EQ(locked->directory().load()->id, "a");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(locked->directory().path()))
    ++files;
  EXPECT_EQ(files, 3U);  // lock, state.json, vmm
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

TEST_F(StateDirectory, torn_state_file_is_an_error_not_a_crash) {
  const auto locked = StateRoot(path_).reserve("a");
  ASSERT_TRUE(locked->directory().write("state.json", "{\"id\":\"a\",\"pi"));
  EXPECT_FALSE(locked->directory().load());
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

}  // namespace
}  // namespace caisson::runtime
