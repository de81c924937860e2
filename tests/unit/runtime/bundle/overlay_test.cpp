// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/overlay.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string error(const std::vector<std::string>& options) {
  const auto read = overlay_options(options, "mounts[1].options");
  return read ? "" : read.error().message;
}

TEST(Overlay, options_of_the_mount_are_not_the_file_systems) {
  const auto read = overlay_options(
      {"rw", "private", "lowerdir=/a:/b", "upperdir=/u", "workdir=/w", "volatile"}, "mounts[1].options");
  ASSERT_TRUE(read);
  EXPECT_THAT(*read, ElementsAre(Pair("lowerdir", "/a:/b"), Pair("upperdir", "/u"), Pair("workdir", "/w"),
                                 Pair("volatile", "")));
}

TEST(Overlay, option_that_is_none_is_refused_by_path) {
  EXPECT_THAT(error({"lowerdir=/a", "lowrdir=/b"}), HasSubstr("mounts[1].options: lowrdir=/b: "));
  EXPECT_THAT(error({"lowerdir=/a", "volatile=1"}), HasSubstr("mounts[1].options: volatile=1: "));
  EXPECT_THAT(error({"lowerdir=/a", "index"}), HasSubstr("mounts[1].options: index: "));
}

TEST(Overlay, layers_must_be_there_whole_and_absolute) {
  EXPECT_THAT(error({"ro"}), HasSubstr("lowerdir is missing"));
  EXPECT_THAT(error({"lowerdir=/a", "upperdir=/u"}), HasSubstr("upperdir and workdir: give both"));
  for (const char* lower : {"lowerdir=a", "lowerdir=", "lowerdir=/a:b", "lowerdir=/a:", "lowerdir=:/a"}) {
    EXPECT_THAT(error({lower}), HasSubstr("is not an absolute path")) << lower;
  }
  EXPECT_EQ(error({"lowerdir=/with\\:colon:/b"}), "");
  EXPECT_EQ(error({"lowerdir=/a", "upperdir=/with:colon", "workdir=/w"}), "");
}

TEST(Overlay, joins_its_layers_and_writes_to_the_upper_one) {
  const test::ScratchDirectory scratch;
  for (const char* name : {"lower", "upper", "work"}) std::filesystem::create_directory(scratch / name);
  scratch.write("lower/file", "lower");
  const std::string base = scratch.path();
  const auto made = make_overlay(
      {"lowerdir=" + base + "/lower", "upperdir=" + base + "/upper", "workdir=" + base + "/work"}, "here");
  if (!made) {
    GTEST_SKIP() << "host: " << made.error().message;  // no overlay in its kernel, or no right to it
  }
  const UniqueFd old(::openat(made->get(), "file", O_RDONLY));
  EXPECT_TRUE(old);
  const UniqueFd created(::openat(made->get(), "new", O_WRONLY | O_CREAT, 0600));
  EXPECT_TRUE(created);
  EXPECT_TRUE(std::filesystem::exists(scratch / "upper/new"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "lower/new"));
}

TEST(Overlay, layers_of_long_and_odd_names_are_joined) {
  const test::ScratchDirectory scratch;
  std::string lower;
  for (const char* name : {"one", "two:three"}) {
    const std::string directory = std::string(200, 'x') + name;
    std::filesystem::create_directory(scratch / directory);
    scratch.write(directory + "/" + (name[0] == 'o' ? "first" : "second"), name);
    lower += (lower.empty() ? "" : ":") + scratch.path().string() + "/" + std::string(200, 'x') +
             (name[0] == 'o' ? "one" : "two\\:three");
  }
  const auto made = make_overlay({"lowerdir=" + lower}, "here");
  if (!made) {
    GTEST_SKIP() << "host: " << made.error().message;  // no overlay in its kernel, or no right to it
  }
  for (const char* file : {"first", "second"}) {
    EXPECT_TRUE(UniqueFd(::openat(made->get(), file, O_RDONLY))) << file;
  }
}

TEST(Overlay, layer_that_is_not_there_is_named_by_the_path_of_the_mount) {
  const auto made = make_overlay({"lowerdir=/nonexistent/layer"}, "mounts[1].options");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("mounts[1].options"));
}

}  // namespace
}  // namespace caisson::runtime
