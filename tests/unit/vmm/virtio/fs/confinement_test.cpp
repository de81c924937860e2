// SPDX-License-Identifier: Apache-2.0
// What lies outside of an export, or is not data, stays out of reach; also while the host changes names
// underneath.
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

TEST_F(FsTest, symlink_is_text_and_never_followed) {
  files::create_symlink("/etc/passwd", scratch_ / "link");
  files::create_directory_symlink("/etc", scratch_ / "etc");
  const uint64_t link = node("link");
  EXPECT_TRUE(S_ISLNK(client_->getattr(link).as<fuse_attr_out>().attr.mode));
  EXPECT_EQ(client_->call(FUSE_READLINK, link, {}).text(), "/etc/passwd");
  EXPECT_EQ(client_->open(link, O_RDONLY).error, ENXIO);
  EXPECT_EQ(client_->lookup(node("etc"), "passwd").error, ENOTDIR);
  EXPECT_EQ(client_->create(node("etc"), "new", O_RDWR, 0644).error, ENOTDIR);
  EXPECT_EQ(client_->open(node("etc"), O_RDONLY, FUSE_OPENDIR).error, ENOTDIR);
}

TEST_F(FsTest, name_swapped_for_a_symlink_after_lookup_is_stale) {
  scratch_.write("file", "inside");
  const uint64_t file = node("file");
  files::remove(scratch_ / "file");
  files::create_symlink("/etc/passwd", scratch_ / "file");
  EXPECT_EQ(client_->open(file, O_RDONLY).error, ESTALE);
  EXPECT_EQ(client_->getattr(file).error, ESTALE);
  EXPECT_EQ(client_->create(root_, "file", O_RDWR, 0644).error, ESTALE);
}

TEST_F(FsTest, directory_swapped_for_a_symlink_after_lookup_is_stale) {
  files::create_directory(scratch_ / "dir");
  scratch_.write("dir/passwd", "inside");
  const uint64_t directory = node("dir");
  const uint64_t file = client_->walk({"root", "dir", "passwd"});
  client_->device();
  files::rename(scratch_ / "dir", scratch_ / "moved");
  files::create_directory_symlink("/etc", scratch_ / "dir");
  // The descriptor that is still held leads to the same directory as before; never to /etc.
  const Answer answer = client_->open(file, O_RDONLY);
  if (answer.error == 0) {
    EXPECT_EQ(client_->read(file, answer.as<fuse_open_out>().fh, 0, 100).text(), "inside");
  } else {
    EXPECT_EQ(answer.error, ESTALE);
  }
  EXPECT_EQ(client_->lookup(directory, "shadow").error, ENOENT);
  EXPECT_EQ(client_->lookup(node("dir"), "passwd").error, ENOTDIR);
}

TEST_F(FsTest, directory_the_host_moves_out_of_the_export_stays_the_same_directory) {
  ScratchDirectory outside;
  outside.write("secret", "s");
  files::create_directories(scratch_ / "a/b");
  const uint64_t b = client_->walk({"root", "a", "b"});
  const uint64_t handle = client_->open(b, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
  files::rename(scratch_ / "a/b", outside / "b");
  // `..` is not a name; what was looked up may still be used, its new neighbours may not.
  EXPECT_EQ(client_->lookup(b, "..").error, EINVAL);
  EXPECT_EQ(client_->lookup(b, "secret").error, ENOENT);
  EXPECT_EQ(client_->read(b, handle, 0, 4096, FUSE_READDIR).error, 0);
}

TEST_F(FsTest, special_files_of_the_host_are_seen_and_never_opened) {
  ASSERT_EQ(::mkfifo((scratch_ / "fifo").c_str(), 0644), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = scratch_ / "socket";
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(socket);
  for (const std::string_view name : {"fifo", "socket"}) {
    const uint64_t special = node(name);
    EXPECT_EQ(client_->getattr(special).error, 0);
    EXPECT_EQ(client_->open(special, O_RDONLY).error, ENXIO);
    EXPECT_EQ(client_->open(special, O_RDWR).error, ENXIO);
    EXPECT_EQ(client_->create(root_, name, O_RDWR, 0644).error, ESTALE);
    fuse_setattr_in in{};
    in.valid = FATTR_SIZE;
    EXPECT_EQ(client_->call(FUSE_SETATTR, special, Arguments().add(in)).error, EINVAL);
  }
  if (::mknod((scratch_ / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0) {
    const auto attr = client_->getattr(node("null")).as<fuse_attr_out>().attr;
    EXPECT_TRUE(S_ISCHR(attr.mode));
    EXPECT_EQ(attr.rdev, (1U << 8) | 3U);
    EXPECT_EQ(client_->open(node("null"), O_RDONLY).error, ENXIO);
  }
}

TEST_F(FsTest, device_nodes_are_not_made) {
  const auto make = [&](std::string_view name, uint32_t mode, uint32_t device) {
    return client_
        ->call(
            FUSE_MKNOD, root_,
            Arguments().add(fuse_mknod_in{.mode = mode, .rdev = device, .umask = 0, .padding = 0}).name(name))
        .error;
  };
  EXPECT_EQ(make("char", S_IFCHR | 0666, (1U << 8) | 3U), EPERM);
  EXPECT_EQ(make("block", S_IFBLK | 0666, 8U << 8), EPERM);
  EXPECT_EQ(make("block0", S_IFBLK | 0666, 0), EPERM);
  EXPECT_EQ(make("directory", S_IFDIR | 0777, 0), EPERM);
  EXPECT_EQ(make("nothing", UINT32_MAX, 0), EPERM);
  EXPECT_EQ(make("fifo", S_IFIFO | 0644, 0), 0);
  EXPECT_EQ(make("socket", S_IFSOCK | 0644, 0), 0);
  EXPECT_EQ(make("regular", S_IFREG | 0644, 0), 0);
  const int whiteout = make("whiteout", S_IFCHR, 0);
  EXPECT_TRUE(whiteout == 0 || whiteout == EPERM);
}

TEST_F(FsTest, read_only_export_refuses_every_change) {
  scratch_.write("file", "text");
  files::create_directory(scratch_ / "dir");
  mount({.read_only = true});
  const uint64_t file = node("file");
  EXPECT_EQ(client_->open(file, O_RDWR).error, EROFS);
  EXPECT_EQ(client_->open(file, O_WRONLY).error, EROFS);
  EXPECT_EQ(client_->open(file, O_RDONLY | O_TRUNC).error, EROFS);
  EXPECT_EQ(client_->create(root_, "new", O_RDONLY, 0644).error, EROFS);
  EXPECT_EQ(client_->create(root_, "file", O_RDONLY, 0644).error, EROFS);
  EXPECT_EQ(
      client_->call(FUSE_TMPFILE, root_, Arguments().add(fuse_create_in{.flags = O_RDWR}).name("/")).error,
      EROFS);
  EXPECT_EQ(client_->call(FUSE_MKDIR, root_, Arguments().add(fuse_mkdir_in{}).name("d")).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_MKNOD, root_, Arguments().add(fuse_mknod_in{.mode = S_IFREG}).name("d")).error,
            EROFS);
  EXPECT_EQ(client_->call(FUSE_SYMLINK, root_, Arguments().name("l").name("t")).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{file}).name("l")).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("file")).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("dir")).error, EROFS);
  EXPECT_EQ(
      client_->call(FUSE_RENAME, root_, Arguments().add(fuse_rename_in{root_}).name("file").name("g")).error,
      EROFS);
  EXPECT_EQ(client_
                ->call(FUSE_RENAME2, root_,
                       Arguments().add(fuse_rename2_in{.newdir = root_}).name("file").name("g"))
                .error,
            EROFS);
  EXPECT_EQ(client_->call(FUSE_SETATTR, file, Arguments().add(fuse_setattr_in{.valid = FATTR_MODE})).error,
            EROFS);
  EXPECT_EQ(
      client_->call(FUSE_SETXATTR, file, Arguments().add(fuse_setxattr_in{.size = 1}).name("user.a").raw("v"))
          .error,
      EROFS);
  EXPECT_EQ(client_->call(FUSE_REMOVEXATTR, file, Arguments().name("user.a")).error, EROFS);
  const uint64_t handle = open(file, O_RDONLY);
  EXPECT_EQ(client_->write(file, handle, 0, "x").error, EROFS);
  EXPECT_EQ(client_->call(FUSE_FALLOCATE, file, Arguments().add(fuse_fallocate_in{.fh = handle, .length = 9}))
                .error,
            EROFS);
  EXPECT_EQ(client_->read(file, handle, 0, 100).text(), "text");
}

TEST_F(FsTest, synthetic_root_is_read_only) {
  EXPECT_EQ(client_->create(FUSE_ROOT_ID, "new", O_RDWR, 0644).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_UNLINK, FUSE_ROOT_ID, Arguments().name("root")).error, EROFS);
  EXPECT_EQ(client_->call(FUSE_RMDIR, FUSE_ROOT_ID, Arguments().name("root")).error, EROFS);
  EXPECT_EQ(
      client_->call(FUSE_RENAME, root_, Arguments().add(fuse_rename_in{FUSE_ROOT_ID}).name("a").name("b"))
          .error,
      EROFS);
  EXPECT_EQ(
      client_->call(FUSE_SETATTR, FUSE_ROOT_ID, Arguments().add(fuse_setattr_in{.valid = FATTR_MODE})).error,
      EROFS);
  EXPECT_EQ(client_->lookup(FUSE_ROOT_ID, "absent").error, ENOENT);
}

TEST(Export, kernel_interfaces_and_special_files_are_refused) {
  const auto create = [](std::string name, const char* path) {
    vmm::fs::Export one{.name = std::move(name),
                        .fd = UniqueFd(::open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW))};
    return one.check();
  };
  EXPECT_FALSE(create("proc", "/proc"));
  EXPECT_FALSE(create("sys", "/sys"));
  EXPECT_FALSE(create("null", "/dev/null"));
  EXPECT_FALSE(create("link", "/proc/self"));
  EXPECT_FALSE(create("none", "/does/not/exist"));
  EXPECT_FALSE(create("", "/tmp"));
  EXPECT_FALSE(create("..", "/tmp"));
  EXPECT_FALSE(create("a/b", "/tmp"));
  EXPECT_FALSE(create(std::string(65, 'x'), "/tmp"));
  EXPECT_TRUE(create("tmp", "/tmp"));
}

TEST(Export, mounted_kernel_interface_is_shown_empty) {
  vmm::fs::Device::Config config;
  config.server.exports.push_back(
      {.name = "host", .fd = UniqueFd(::open("/", O_PATH | O_CLOEXEC)), .read_only = true});
  FuseClient client(std::move(config));
  ASSERT_EQ(client.init().error, 0);
  const uint64_t proc = client.walk({"host", "proc"});
  ASSERT_NE(proc, 0U);
  EXPECT_EQ(client.lookup(proc, "self").error, ENOENT);
  EXPECT_EQ(client.lookup(proc, "1").error, ENOENT);
  const uint64_t handle = client.open(proc, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
  const Answer listing = client.read(proc, handle, 0, 4096, FUSE_READDIR);
  EXPECT_EQ(listing.data.size(), 2U * FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + 1));
  EXPECT_NE(client.create(proc, "x", O_RDWR, 0644).error, 0);
}

TEST_F(FsTest, exports_do_not_mix) {
  ScratchDirectory other;
  scratch_.write("file", "x");
  auto config = config_of(scratch_.open());
  config.server.exports.push_back({.name = "other", .fd = other.open()});
  config.server.exports.push_back({.name = "file", .fd = scratch_.open("file")});
  FuseClient client(std::move(config));
  client.init();
  const uint64_t root = client.walk({"root"});
  const uint64_t second = client.walk({"other"});
  const uint64_t single = client.walk({"file"});
  EXPECT_EQ(
      client.call(FUSE_RENAME, root, Arguments().add(fuse_rename_in{second}).name("file").name("file")).error,
      EXDEV);
  EXPECT_EQ(
      client.call(FUSE_LINK, second, Arguments().add(fuse_link_in{client.walk({"root", "file"})}).name("l"))
          .error,
      EXDEV);
  EXPECT_NE(client.walk({"root", "file"}), single);
  EXPECT_EQ(client.lookup(single, "x").error, ENOTDIR);
  const auto attr = client.lookup(FUSE_ROOT_ID, "root").as<fuse_entry_out>().attr;
  EXPECT_EQ(attr.flags & FUSE_ATTR_SUBMOUNT, static_cast<uint32_t>(FUSE_ATTR_SUBMOUNT));
  const uint64_t handle = client.open(single, O_RDONLY).as<fuse_open_out>().fh;
  EXPECT_EQ(client.read(single, handle, 0, 10).text(), "x");
}

}  // namespace
}  // namespace caisson::test
