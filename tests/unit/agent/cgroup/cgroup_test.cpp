// SPDX-License-Identifier: Apache-2.0
// On directories that look like cgroups: the kernel's own are the host's.
#include "agent/cgroup/cgroup.h"

#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"

namespace caisson::agent {
namespace {

class CgroupTest : public testing::Test {
 protected:
  Result<Cgroup> create(const std::string& path) { return Cgroup::create(scratch_.path(), path); }
  void make(const std::string& path) const { std::filesystem::create_directories(scratch_ / path); }
  // "d/d/…", so deep.
  static std::string nested(int depth) {
    std::string path;
    for (int i = 0; i < depth; ++i) {
      path += "/d";
    }
    return path;
  }
  template <typename T>
  static void expect_error(const Result<T>& outcome, int code, const std::string& message) {
    ASSERT_FALSE(outcome) << "not refused: " << message;
    EXPECT_EQ(outcome.error().code, code) << outcome.error().message;
    EXPECT_EQ(outcome.error().message.substr(0, message.size()), message);
  }

  test::ScratchDirectory scratch_;
};

TEST_F(CgroupTest, is_made_with_its_parents_and_gets_every_controller) {
  scratch_.write("cgroup.controllers", "cpu memory\n");
  scratch_.write("cgroup.subtree_control", "");
  const auto made = create("//a/./b");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->path(), scratch_ / "a/b");
  EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "a/b"));
  EXPECT_EQ(scratch_.read("cgroup.subtree_control"), "+cpu+memory");
  EXPECT_TRUE(create("/a/b")) << "it may be there";
}

TEST_F(CgroupTest, path_that_climbs_or_leads_through_a_link_is_refused) {
  make("outside");
  make("a");
  std::filesystem::create_directory_symlink(scratch_ / "outside", scratch_ / "a/link");
  expect_error(create("/a/../../x"), EINVAL, "make cgroup /a/../../x: it holds ..");
  expect_error(create("/.."), EINVAL, "make cgroup /..: it holds ..");
  expect_error(create("/a/link/x"), ENOTDIR, "open cgroup link: ");
  EXPECT_TRUE(std::filesystem::is_empty(scratch_ / "outside"));
}

TEST_F(CgroupTest, beneath_it_is_what_no_link_and_no_parent_leads_to) {
  make("c/deep/er");
  std::filesystem::create_directory_symlink("deep", scratch_ / "c/link");
  const Cgroup cgroup = std::move(create("/c").value());
  struct stat info {};
  for (const auto& [path, name] :
       {std::pair{"/", "c"}, std::pair{"", "c"}, std::pair{"/deep//er", "c/deep/er"}}) {
    const auto opened = cgroup.open_below(path);
    ASSERT_TRUE(opened) << path;
    ASSERT_EQ(::fstat(opened->get(), &info), 0);
    EXPECT_EQ(info.st_ino, scratch_.stat(name).st_ino) << path;
  }
  for (const char* path : {"..", "/deep/../..", "/deep/.."}) {
    expect_error(cgroup.open_below(path), EINVAL, "open cgroup: .. is not a sub cgroup path");
  }
  expect_error(cgroup.open_below("/link/er"), ENOTDIR, "open cgroup link: ");
  expect_error(cgroup.open_below("/absent"), ENOENT, "open cgroup absent: ");
}

TEST_F(CgroupTest, file_that_is_a_link_is_not_written) {
  const Cgroup cgroup = std::move(create("/c").value());
  scratch_.write("target", "");
  std::filesystem::create_symlink("../target", scratch_ / "c/link");
  expect_error(cgroup.write("link", "1"), ELOOP, "write 1 to cgroup file link: ");
  EXPECT_EQ(scratch_.read("target"), "");
  expect_error(cgroup.write("absent", "7"), ENOENT, "write 7 to cgroup file absent: ");
  scratch_.write("c/cgroup.kill", "");
  ASSERT_TRUE(cgroup.kill());
  EXPECT_EQ(scratch_.read("c/cgroup.kill"), "1");
}

TEST_F(CgroupTest, file_is_read_as_far_as_it_may_be_long) {
  const Cgroup cgroup = std::move(create("/c").value());
  scratch_.write("c/whole", std::string(5000, 'x'));
  EXPECT_EQ(cgroup.read("whole").value().size(), 5000U);
  scratch_.write("c/endless", std::string(3U << 20, 'x'));
  EXPECT_EQ(cgroup.read("endless").value().size(), 1U << 20);
  expect_error(cgroup.read("absent"), ENOENT, "open absent: ");
}

TEST_F(CgroupTest, key_is_a_whole_word_at_the_start_of_a_line) {
  const Cgroup cgroup = std::move(create("/c").value());
  scratch_.write("c/events", "group_oom 9\noom_kill 3\noom 7\nlast 18446744073709551615");
  EXPECT_EQ(cgroup.read_key("events", "oom"), 7U);
  EXPECT_EQ(cgroup.read_key("events", "oom_kill"), 3U);
  EXPECT_EQ(cgroup.read_key("events", "last"), UINT64_MAX);
  EXPECT_EQ(cgroup.read_key("events", "kill"), 0U);
  EXPECT_EQ(cgroup.read_key("absent", "oom"), 0U);
  EXPECT_FALSE(cgroup.is_populated());
  scratch_.write("c/cgroup.events", "populated 1\nfrozen 0\n");
  EXPECT_TRUE(cgroup.is_populated());
  scratch_.write("c/cgroup.events", "populated 0\nfrozen 1\n");
  EXPECT_FALSE(cgroup.is_populated());
}

TEST_F(CgroupTest, processes_are_those_beneath_it_too) {
  const Cgroup cgroup = std::move(create("/c").value());
  make("c/below");
  scratch_.write("c/cgroup.procs", "1\n20\n");
  scratch_.write("c/below/cgroup.procs", "300\n");
  make("beside");
  std::filesystem::create_directory_symlink("../../beside", scratch_ / "c/link");
  EXPECT_EQ(cgroup.processes().value(), (std::vector<pid_t>{1, 20, 300}));
  std::filesystem::remove(scratch_ / "c/below/cgroup.procs");
  expect_error(cgroup.processes(), ENOENT, "open cgroup.procs: ");
}

TEST_F(CgroupTest, nesting_is_followed_as_far_as_it_may_go) {
  const Cgroup cgroup = std::move(create("/c").value());
  scratch_.write("c/cgroup.procs", "");
  make("c" + nested(64));
  for (int depth = 1; depth <= 64; ++depth) {
    scratch_.write("c" + nested(depth) + "/cgroup.procs", "");
  }
  EXPECT_TRUE(cgroup.processes());
  make("c" + nested(65));
  expect_error(cgroup.processes(), ELOOP, "list cgroup: ");
}

TEST_F(CgroupTest, is_removed_with_what_the_container_made_beneath_it) {
  const Cgroup cgroup = std::move(create("/c").value());
  make("c/deep/er");
  make("c" + nested(64));
  ASSERT_TRUE(cgroup.remove());
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "c"));
  EXPECT_TRUE(cgroup.remove()) << "it has gone";
}

TEST_F(CgroupTest, that_is_not_empty_or_nested_too_deeply_is_not_removed) {
  const Cgroup deep = std::move(create("/deep").value());
  make("deep" + nested(65));
  expect_error(deep.remove(), ELOOP, "remove cgroup: ");
  const Cgroup busy = std::move(create("/busy").value());
  make("busy/below");
  scratch_.write("busy/below/file", "");
  expect_error(busy.remove(), ENOTEMPTY, "remove cgroup below: ");
}

TEST(CgroupPath, is_that_of_version_2_alone) {
  EXPECT_EQ(parse_cgroup_path("0::/c1\n").value(), "/c1");
  EXPECT_EQ(parse_cgroup_path("0::/a/b\nmore\n").value(), "/a/b");
  for (const char* text : {"", "0::/c1", "0::\n", "1:cpu:/c1\n", "0:/c1\n", "10::/c1\n"}) {
    EXPECT_EQ(parse_cgroup_path(text).error().code, EINVAL) << text;
  }
}

}  // namespace
}  // namespace caisson::agent
