// SPDX-License-Identifier: Apache-2.0
// The root file system of a container.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, root_is_left_as_it_was_and_the_old_one_is_gone) {
  const Outcome outcome = run_shell("ls /; mount | wc -l; ls /proc/1/root/bin/busybox");
  EXPECT_NE(outcome.out.find("bin\ndev\netc\nproc\nroot\nsys\ntmp\n"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

TEST_F(AgentContainer, read_only_root_refuses_writes_and_dev_stays_writable) {
  auto request = container_request("c", 1, {"sh", "-c", "touch /x; echo $?; touch /dev/shm/x; echo $?"});
  request.mutable_root()->set_read_only(true);
  EXPECT_EQ(run(request).out, "1\n0\n");
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

TEST_F(AgentContainer, throw_away_layer_keeps_writes_from_the_export) {
  auto request = container_request("c", 1, {"sh", "-c", "echo x >/x; cat /x"});
  request.mutable_root()->set_ephemeral_overlay(true);
  const Outcome outcome = run(request);
  EXPECT_EQ(outcome.out, "x\n") << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(agent_->rootfs() / "x"));
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

// A root file system among the exports, and a place for it.
class ChildRoot : public ChildSteps {
 protected:
  void lay_out() {
    mount_tmpfs("/run/exports/rootfs");
    for (const char* name : {"dev", "data"}) {
      std::filesystem::create_directories("/run/exports/rootfs/" + std::string(name));
    }
    write_file("/run/exports/rootfs/file", "of the export");
    std::filesystem::create_directories("/run/place");
    plan_.exports = "/run/exports";
    plan_.mount_point = "/run/place";
    request_.mutable_root()->set_export_name("rootfs");
    child_.proc = open_path("/proc");
    ASSERT_TRUE(part_from_guest_mounts(child_));
  }
  // Of this process, whatever its root is.
  std::string mounts() {
    const UniqueFd file(::openat(child_.proc.get(), "self/mountinfo", O_RDONLY | O_CLOEXEC));
    std::string text(1 << 16, '\0');
    text.resize(static_cast<size_t>(std::max<ssize_t>(::read(file.get(), text.data(), text.size()), 0)));
    return text;
  }
};

TEST_F(ChildRoot, is_the_export_and_all_that_was_there_before_is_gone) {
  test::in_namespaces([this] {
    lay_out();
    ASSERT_TRUE(mount_root(child_));
    ASSERT_TRUE(change_root(child_));
    EXPECT_EQ(read_file("/file"), "of the export");
    EXPECT_FALSE(std::filesystem::exists("/run"));
    EXPECT_FALSE(child_.exports);
    // Nothing is stacked above or beneath it: up from it leads to itself.
    EXPECT_EQ(::chdir("../../../.."), 0);
    EXPECT_TRUE(std::filesystem::exists("file"));
    EXPECT_EQ(std::ranges::count(mounts(), '\n'), 1) << mounts();
  });
}

TEST_F(ChildRoot, export_that_is_a_path_is_refused) {
  test::in_namespaces([this] {
    lay_out();
    for (const char* name : {"../exports/rootfs", "rootfs/data", "", ".."}) {
      request_.mutable_root()->set_export_name(name);
      expect_error(mount_root(child_), EINVAL, "use export \"" + std::string(name) + "\": not a name");
    }
  });
}

TEST_F(ChildRoot, throw_away_layer_takes_the_writes_and_no_more_than_its_size) {
  test::in_namespaces([this] {
    lay_out();
    request_.mutable_root()->set_ephemeral_overlay(true);
    request_.mutable_root()->set_overlay_size(1 << 20);
    ASSERT_TRUE(mount_root(child_));
    ASSERT_TRUE(change_root(child_));
    EXPECT_EQ(read_file("/file"), "of the export");
    EXPECT_EQ(why_not_writable("/new"), 0);
    const UniqueFd file(::open("/new", O_WRONLY | O_CLOEXEC));
    const std::string bytes(2 << 20, 'x');
    EXPECT_LE(::write(file.get(), bytes.data(), bytes.size()), 1 << 20);
  });
}

TEST_F(ChildRoot, read_only_is_the_root_and_not_what_lies_on_it) {
  test::in_namespaces([this] {
    lay_out();
    ASSERT_TRUE(mount_root(child_));
    mount_tmpfs("/run/place/data");
    v1::Mount& mount = *request_.add_mounts();
    mount.set_destination("/dev/shm");
    ASSERT_TRUE(change_root(child_));
    ASSERT_TRUE(seal_root(child_));
    EXPECT_EQ(why_not_writable("/new"), 0);
    request_.mutable_root()->set_read_only(true);
    ASSERT_TRUE(seal_root(child_));
    EXPECT_EQ(why_not_writable("/newer"), EROFS);
    EXPECT_EQ(why_not_writable("/data/new"), 0);
  });
}

TEST_F(ChildRoot, dev_is_read_only_where_that_was_asked_for_or_it_is_ours) {
  for (const bool is_ours : {true, false}) {
    test::in_namespaces([this, is_ours] {
      lay_out();
      ASSERT_TRUE(mount_root(child_));
      mount_tmpfs("/run/place/dev");
      ASSERT_TRUE(change_root(child_));
      if (is_ours) {
        request_.mutable_root()->set_read_only(true);
      } else {
        v1::Mount& mount = *request_.add_mounts();
        mount.set_destination("/dev");
        mount.set_type("tmpfs");
        ASSERT_TRUE(seal_root(child_));
        EXPECT_EQ(why_not_writable("/dev/new"), 0);
        mount.set_flags(MS_RDONLY);
      }
      ASSERT_TRUE(seal_root(child_));
      EXPECT_EQ(why_not_writable("/dev/newer"), EROFS);
    });
  }
}

TEST_F(ChildRoot, what_is_mounted_is_not_passed_on_to_the_guest) {
  test::in_namespaces([this] {
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), 0);
    lay_out();
    EXPECT_EQ(read_file("/proc/self/mountinfo").find("shared:"), std::string::npos);
  });
}

TEST_F(ChildRoot, propagation_is_that_of_the_request) {
  test::in_namespaces([this] {
    lay_out();
    ASSERT_TRUE(mount_root(child_));
    ASSERT_TRUE(change_root(child_));
    std::filesystem::create_directories("/proc");
    ASSERT_EQ(::mount("proc", "/proc", "proc", 0, nullptr), 0);
    request_.set_rootfs_propagation(MS_SHARED);
    ASSERT_TRUE(seal_root(child_));
    EXPECT_NE(read_file("/proc/self/mountinfo").find(" / / rw,relatime shared:"), std::string::npos)
        << read_file("/proc/self/mountinfo");
  });
}

}  // namespace
}  // namespace caisson::agent
