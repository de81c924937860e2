// SPDX-License-Identifier: Apache-2.0
// Paths that are masked or read-only.
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, masked_paths_read_empty_and_readonly_paths_refuse_writes) {
  const Outcome outcome = run_shell(
      "wc -c </proc/timer_list; ls /proc/scsi 2>/dev/null | wc -l; echo 1 >/proc/sys/kernel/domainname; echo "
      "$?");
  EXPECT_EQ(outcome.out, "0\n0\n1\n") << outcome.err;
}

TEST_F(AgentContainer, mask_of_a_file_cannot_be_changed_itself) {
  // It is /dev/null of the guest.
  const Outcome outcome = run_shell("chmod 600 /proc/timer_list; echo $?; stat -c %a /dev/null");
  EXPECT_EQ(outcome.out, "1\n666\n") << outcome.err;
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

TEST_F(ChildSteps, masked_file_reads_empty_and_cannot_be_written_or_changed) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/etc");
    write_file(in_root("/etc/secret"), "secret");
    request_.add_masked_paths("/etc/secret");
    ASSERT_TRUE(mask_paths(child_));
    EXPECT_EQ(read_file(in_root("/etc/secret")), "");
    EXPECT_EQ(::chmod(in_root("/etc/secret").c_str(), 0600), -1);
    EXPECT_EQ(errno, EROFS);
    EXPECT_EQ(look_at("/dev/null").st_mode & 07777U, 0666U);
  });
}

TEST_F(ChildSteps, masked_directories_are_empty_read_only_and_of_one_file_system) {
  test::in_namespaces([this] {
    make_root();
    for (const char* path : {"/one", "/two"}) {
      make_directory(path);
      write_file(in_root(path) + "/secret", "secret");
      request_.add_masked_paths(path);
    }
    ASSERT_TRUE(mask_paths(child_));
    for (const char* path : {"/one", "/two"}) {
      EXPECT_TRUE(std::filesystem::is_empty(in_root(path))) << path;
      EXPECT_EQ(why_not_writable(in_root(path) + "/new"), EROFS) << path;
    }
    EXPECT_EQ(look_at(in_root("/one")).st_dev, look_at(in_root("/two")).st_dev);
  });
}

TEST_F(ChildSteps, mask_through_an_absolute_link_in_a_subdirectory_stays_in_the_root) {
  test::in_namespaces([this] {
    make_root();
    make_directory("/secret");
    write_file(in_root("/secret/key"), "inside");
    std::filesystem::create_directories("/secret");
    write_file("/secret/key", "outside");
    make_directory("/a/b");
    make_link("/secret", "/a/b/link");
    request_.add_masked_paths("/a/b/link/key");
    ASSERT_TRUE(mask_paths(child_));
    EXPECT_EQ(read_file(in_root("/secret/key")), "");
    EXPECT_EQ(read_file("/secret/key"), "outside");
  });
}

TEST_F(ChildSteps, read_only_path_keeps_the_mounts_beneath_it) {
  test::in_namespaces([this] {
    make_root();
    mount_tmpfs(in_root("/data/beneath"));
    write_file(in_root("/data/beneath/file"), "still there");
    request_.add_readonly_paths("/data");
    ASSERT_TRUE(make_paths_readonly(child_));
    EXPECT_EQ(why_not_writable(in_root("/data/new")), EROFS);
    EXPECT_EQ(read_file(in_root("/data/beneath/file")), "still there");
  });
}

TEST_F(ChildSteps, absent_paths_are_neither_masked_nor_refused_and_others_that_cannot_be_found_are_told) {
  test::in_namespaces([this] {
    make_root();
    write_file(in_root("/file"), "x");
    make_link("loop", "/loop");
    for (const char* path : {"/absent/deep", "/file/beneath"}) {
      request_.add_masked_paths(path);
      request_.add_readonly_paths(path);
    }
    EXPECT_TRUE(mask_paths(child_));
    EXPECT_TRUE(make_paths_readonly(child_));
    EXPECT_FALSE(std::filesystem::exists(in_root("/absent")));
    request_.add_masked_paths("/loop");
    request_.add_readonly_paths("/loop");
    const auto masked = mask_paths(child_);
    ASSERT_FALSE(masked);
    EXPECT_EQ(masked.error().code, ELOOP);
    EXPECT_TRUE(masked.error().message.starts_with("mask path /loop: ")) << masked.error().message;
    const auto covered = make_paths_readonly(child_);
    ASSERT_FALSE(covered);
    EXPECT_EQ(covered.error().code, ELOOP);
    EXPECT_TRUE(covered.error().message.starts_with("make path read-only /loop: "));
  });
}

}  // namespace
}  // namespace caisson::agent
