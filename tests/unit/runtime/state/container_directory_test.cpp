// SPDX-License-Identifier: Apache-2.0
#include "runtime/state/container_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "runtime/state/state_directory.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class ContainerDirectoryTest : public ::testing::Test {
 protected:
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_->directory(); }

  test::ScratchDirectory scratch_;
  std::string path_ = scratch_.path();
  Result<LockedContainer> locked_ = StateRoot(path_ + "/root").reserve("a");
};

ContainerState sample() {
  ContainerState state;
  state.id = "a";
  state.oci_version = "1.0.2";
  state.created = timestamp_now();
  return state;
}

TEST_F(ContainerDirectoryTest, files_have_their_places) {
  EXPECT_EQ(directory().path(), path_ + "/root/a");
  EXPECT_EQ(directory().file("x"), path_ + "/root/a/x");
  EXPECT_EQ(directory().vsock_socket(), path_ + "/root/a/vsock.sock");
  EXPECT_EQ(directory().control_socket(), path_ + "/root/a/control.sock");
  EXPECT_EQ(directory().output_directory(), path_ + "/root/a/vmm");
}

TEST_F(ContainerDirectoryTest, state_survives_and_leaves_no_temporary_file) {
  ASSERT_TRUE(directory().save(sample()));
  EXPECT_EQ(directory().load()->id, "a");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory().path())) ++files;
  EXPECT_EQ(files, 3U);  // lock, state.json, vmm
}

TEST_F(ContainerDirectoryTest, without_a_record_it_was_never_finished) {
  const auto state = directory().load();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ESTALE);
  EXPECT_THAT(state.error().message, HasSubstr("the container was never finished"));
}

TEST_F(ContainerDirectoryTest, damaged_record_is_told_with_the_remedy) {
  for (const char* text : {"{\"id\":\"a\",\"pi", "", "[]", "{}"}) {
    ASSERT_TRUE(directory().write("state.json", text));
    const auto state = directory().load();
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code, EBADMSG) << text;
    EXPECT_THAT(state.error().message,
                EndsWith("nothing can be done with the container but delete --force a"));
  }
}

TEST_F(ContainerDirectoryTest, record_that_is_no_file_is_damaged) {
  std::filesystem::create_directory(directory().file("state.json"));
  EXPECT_EQ(directory().load().error().code, EBADMSG);
  std::filesystem::remove(directory().file("state.json"));
  std::filesystem::create_symlink("state.json", directory().file("state.json"));
  EXPECT_EQ(directory().load().error().code, EBADMSG);
}

TEST_F(ContainerDirectoryTest, files_are_ours_alone) {
  ASSERT_TRUE(directory().write("config.json", "{}"));
  EXPECT_EQ(scratch_.stat("root/a/config.json").st_mode & 07777U, 0600U);
  EXPECT_EQ(directory().read("config.json"), "{}");
}

TEST_F(ContainerDirectoryTest, file_of_no_bound_is_not_read) {
  ASSERT_TRUE(directory().write("config.json", ""));
  std::filesystem::resize_file(directory().file("config.json"), (8UL << 20) + 1);
  EXPECT_EQ(directory().read("config.json").error().code, EFBIG);
}

TEST_F(ContainerDirectoryTest, outputs_of_the_machine_are_regular_files_of_bounded_size) {
  const std::string file = directory().output_directory() + "/exit.json";
  EXPECT_EQ(directory().read_output("exit.json").error().code, ENOENT);
  scratch_.write("elsewhere", "{}");
  std::filesystem::create_symlink(path_ + "/elsewhere", file);
  EXPECT_EQ(directory().read_output("exit.json").error().code, ELOOP);
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(directory().read_output("exit.json").error().code, EPROTO);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_EQ(directory().read_output("exit.json").error().code, EPROTO);
  std::filesystem::remove(file);
  scratch_.write("root/a/vmm/exit.json", std::string(65537, ' '));
  EXPECT_EQ(directory().read_output("exit.json").error().code, EFBIG);
  scratch_.write("root/a/vmm/exit.json", "{}");
  EXPECT_EQ(directory().read_output("exit.json"), "{}");
}

TEST_F(ContainerDirectoryTest, outputs_are_not_read_through_a_link_in_place_of_their_directory) {
  std::filesystem::create_directory(path_ + "/elsewhere");
  scratch_.write("elsewhere/exit.json", "{}");
  std::filesystem::remove(directory().output_directory());
  std::filesystem::create_directory_symlink(path_ + "/elsewhere", directory().output_directory());
  EXPECT_FALSE(directory().read_output("exit.json"));
}

TEST_F(ContainerDirectoryTest, goes_with_all_in_it_and_nothing_that_is_linked_there) {
  std::filesystem::create_directories(path_ + "/elsewhere/kept");
  std::filesystem::create_directory_symlink(path_ + "/elsewhere", directory().output_directory() + "/link");
  std::filesystem::create_directory_symlink(path_ + "/elsewhere", directory().file("link"));
  std::filesystem::create_directories(directory().output_directory() + "/deep/er");
  ASSERT_TRUE(directory().save(sample()));
  ASSERT_TRUE(directory().remove());
  EXPECT_FALSE(std::filesystem::exists(directory().path()));
  EXPECT_TRUE(std::filesystem::exists(path_ + "/elsewhere/kept"));
  EXPECT_TRUE(directory().remove()) << "again";
}

}  // namespace
}  // namespace caisson::runtime
