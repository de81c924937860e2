// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

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

ContainerState sample() {
  ContainerState state;
  state.id = "a";
  state.oci_version = "1.0.2";
  state.created = timestamp_now();
  return state;
}

TEST(Id, bad_ones_are_refused) {
  for (const char* id : {"", ".", "..", "a/b", "../x", "a b", "\xc3\xa4"}) {
    EXPECT_FALSE(check_id(id)) << id;
  }
  EXPECT_FALSE(check_id(std::string(1025, 'a')));
  EXPECT_TRUE(check_id("A_1+b.c-d"));
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
  struct stat info {};
  ASSERT_EQ(::stat(locked->directory().path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(StateDirectory, state_survives_and_leaves_no_temporary_file) {
  const auto locked = StateRoot(path_).reserve("a");
  ASSERT_TRUE(locked);
  ASSERT_TRUE(locked->directory().save(sample()));
  EXPECT_EQ(locked->directory().load()->id, "a");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(locked->directory().path()))
    ++files;
  EXPECT_EQ(files, 2U);  // lock, state.json
}

TEST_F(StateDirectory, half_made_directory_is_listed_and_can_be_removed) {
  std::filesystem::create_directory(path_ + "/half");
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
