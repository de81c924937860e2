// SPDX-License-Identifier: Apache-2.0
// What of the host may be shown to a guest, and what is refused, told by its place in config.json.
#include "runtime/bundle/exports.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/socket_path.h"
#include "protocol/agent/stream_hello.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ExportsTest : public ::testing::Test {
 protected:
  Result<std::string> bind(const std::string& path) {
    return exports_.add_bind({.path = path, .context = "mounts[3]"});
  }
  void expect_refused(const std::string& path, int code, const std::string& reason) {
    const auto added = bind(path);
    ASSERT_FALSE(added) << path;
    EXPECT_EQ(added.error().code, code);
    EXPECT_THAT(added.error().message, StartsWith("mounts[3].source: " + path + " "));
    EXPECT_THAT(added.error().message, HasSubstr(reason));
    EXPECT_TRUE(exports_.entries().empty());
  }

  test::ScratchDirectory scratch_;
  Exports exports_;
};

TEST_F(ExportsTest, directory_is_opened_once_by_its_own_name) {
  const auto name = exports_.add_directory(scratch_.path(), "rootfs", true, false, true);
  EXPECT_EQ(name, "rootfs");
  ASSERT_EQ(exports_.entries().size(), 1U);
  const HostExport& shown = exports_.entries()[0];
  EXPECT_TRUE(shown.read_only);
  EXPECT_FALSE(shown.exclusive);
  EXPECT_TRUE(shown.recursive);
  EXPECT_NE(::fcntl(shown.fd.get(), F_GETFL) & O_PATH, 0) << "nothing is read by it";
  EXPECT_EQ(::fcntl(shown.fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(ExportsTest, root_that_is_no_directory_is_refused) {
  scratch_.write("file", "");
  const std::string file = scratch_ / "file";
  EXPECT_EQ(exports_.add_directory(file, "rootfs", true, false, true).error().code, ENOTDIR);
  const auto absent = exports_.add_directory(file + "x", "rootfs", true, false, true);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_THAT(absent.error().message, StartsWith("open root file system " + file + "x: "));
}

TEST_F(ExportsTest, binds_are_numbered_by_their_place) {
  scratch_.write("file", "");
  ASSERT_TRUE(exports_.add_directory(scratch_.path(), "rootfs", false, false, false));
  EXPECT_EQ(bind(scratch_.path()), "mount1");
  EXPECT_EQ(bind(scratch_ / "file"), "mount2");
  EXPECT_EQ(exports_.entries()[1].socket_port, 0U);
  EXPECT_FALSE(exports_.entries()[1].read_only);
}

TEST_F(ExportsTest, absent_source_is_told_by_its_place) {
  const auto added = bind(scratch_ / "none");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ENOENT);
  EXPECT_THAT(added.error().message,
              StartsWith("mounts[3].source: open " + (scratch_ / "none").string() + ": "));
}

TEST_F(ExportsTest, devices_and_fifos_are_refused) {
  expect_refused("/dev/null", EINVAL, "list it in linux.devices");
  const std::string fifo = scratch_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expect_refused(fifo, EINVAL, "is a FIFO");
}

TEST_F(ExportsTest, views_of_the_hosts_kernel_are_refused) {
  expect_refused("/proc", EINVAL, "mount type \"proc\" to get the guest's own");
  expect_refused("/proc/self/status", EINVAL, "mount type \"proc\"");
  expect_refused("/sys", EINVAL, "mount type \"sysfs\"");
}

TEST_F(ExportsTest, link_is_followed_unless_it_shall_not_be) {
  std::filesystem::create_symlink("/etc", scratch_ / "link");
  ASSERT_TRUE(bind(scratch_ / "link"));
  struct stat followed {};
  struct stat there {};
  ASSERT_EQ(::fstat(exports_.entries()[0].fd.get(), &followed), 0);
  ASSERT_EQ(::stat("/etc", &there), 0);
  EXPECT_EQ(followed.st_ino, there.st_ino);
  const auto kept = exports_.add_bind({.path = scratch_ / "link", .context = "mounts[3]", .keep_link = true});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ELOOP);
  EXPECT_THAT(kept.error().message, HasSubstr("is a symbolic link"));
}

TEST_F(ExportsTest, socket_gets_a_port_of_its_own) {
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketPath place = SocketPath::of(scratch_ / "s").value();
  ASSERT_EQ(::bind(listener.get(), place.address(), SocketPath::size()), 0);
  ASSERT_TRUE(bind(scratch_.path()));
  ASSERT_TRUE(bind(scratch_ / "s"));
  ASSERT_TRUE(bind(scratch_ / "s"));
  EXPECT_EQ(exports_.entries()[1].socket_port, agent::kFirstSocketPort + 1);
  EXPECT_EQ(exports_.entries()[2].socket_port, agent::kFirstSocketPort + 2);
}

TEST_F(ExportsTest, mounts_beneath_are_told_where_they_differ) {
  const auto add = [this](ReadOnly read_only, bool recursive, bool is_restricted) -> const HostExport& {
    EXPECT_TRUE(exports_.add_bind({.path = "/",
                                   .context = "m",
                                   .read_only = read_only,
                                   .recursive = recursive,
                                   .is_restricted = is_restricted}));
    return exports_.entries().back();
  };
  // Every host has some beneath its root.
  EXPECT_TRUE(add(ReadOnly::this_mount, false, true).beneath.empty());
  EXPECT_FALSE(exports_.entries().back().writable_beneath);
  EXPECT_FALSE(add(ReadOnly::nothing, true, true).beneath.empty());
  EXPECT_FALSE(exports_.entries().back().read_only);
  EXPECT_FALSE(add(ReadOnly::this_mount, true, false).beneath.empty());
  EXPECT_TRUE(exports_.entries().back().writable_beneath);
  EXPECT_TRUE(exports_.entries().back().read_only);
  EXPECT_TRUE(add(ReadOnly::everything, true, false).read_only);
  EXPECT_FALSE(exports_.entries().back().writable_beneath);
}

TEST_F(ExportsTest, read_only_without_mounts_beneath_is_so_altogether) {
  ASSERT_TRUE(exports_.add_bind(
      {.path = scratch_.path(), .context = "m", .read_only = ReadOnly::this_mount, .recursive = true}));
  EXPECT_TRUE(exports_.entries()[0].read_only);
  EXPECT_FALSE(exports_.entries()[0].writable_beneath);
  EXPECT_TRUE(exports_.entries()[0].beneath.empty());
}

TEST_F(ExportsTest, overlay_that_is_none_is_refused_and_not_exported) {
  const auto added =
      exports_.add_overlay({"lowerdir=" + (scratch_ / "none").string(), "fish=1"}, "mounts[2]", true);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, StartsWith("mounts[2]"));
  EXPECT_TRUE(exports_.entries().empty());
}

}  // namespace
}  // namespace caisson::runtime
