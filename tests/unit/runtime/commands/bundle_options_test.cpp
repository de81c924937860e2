// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/bundle_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class BundleOptionsTest : public ::testing::Test {
 protected:
  BundleOptionsTest() {
    options_.bundle = scratch_.path();
    options_.id = "box";
  }
  [[nodiscard]] Result<CreateRequest> request() const { return options_.request(globals_); }

  test::ScratchDirectory scratch_;
  BundleOptions options_;
  Globals globals_;
};

TEST_F(BundleOptionsTest, bundle_is_read) {
  scratch_.write("config.json", "{}");
  options_.pid_file = "p";
  options_.console_socket = "c";
  options_.pidfd_socket = "f";
  globals_.systemd_cgroup = true;
  const auto made = request();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, "box");
  EXPECT_EQ(made->bundle, std::filesystem::canonical(scratch_.path()));
  EXPECT_EQ(made->config_text, "{}");
  EXPECT_EQ(made->pid_file, "p");
  EXPECT_EQ(made->console_socket, "c");
  EXPECT_EQ(made->pidfd_socket, "f");
  EXPECT_TRUE(made->systemd_cgroup);
  EXPECT_TRUE(made->detached && made->keep);
  EXPECT_FALSE(made->ephemeral_overlay || made->shared_root);
}

TEST_F(BundleOptionsTest, configuration_counts_from_the_bundle) {
  scratch_.write("other.json", "other");
  options_.config = "other.json";
  EXPECT_EQ(request()->config_text, "other");
  options_.config = scratch_ / "other.json";
  EXPECT_EQ(request()->config_text, "other");
}

TEST_F(BundleOptionsTest, bundle_by_a_link_is_where_it_leads) {
  scratch_.write("config.json", "{}");
  std::filesystem::create_directory_symlink(".", scratch_ / "link");
  options_.bundle = scratch_ / "link";
  EXPECT_EQ(request()->bundle, std::filesystem::canonical(scratch_.path()));
}

TEST_F(BundleOptionsTest, what_is_missing_is_named) {
  auto made = request();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ENOENT);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("/config.json"));
  options_.bundle = scratch_ / "none";
  made = request();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message,
              ::testing::StartsWith("open bundle " + (scratch_ / "none").string() + ": "));
}

TEST_F(BundleOptionsTest, number_of_descriptors_is_one) {
  scratch_.write("config.json", "{}");
  options_.preserve_fds = -1;
  EXPECT_EQ(request().error().code, EINVAL);
}

}  // namespace
}  // namespace caisson::runtime
