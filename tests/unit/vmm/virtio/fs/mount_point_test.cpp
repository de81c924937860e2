// SPDX-License-Identifier: Apache-2.0
// What the host has mounted inside a recursive export stays mounted, whatever the guest does to its name. The
// export is a copy of the mounts in no namespace, as caisson-vmm makes it (vmm/sandbox/exports.cpp).
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

// glibc declares it in a header that clashes with linux/fs.h.
int open_tree(const char* path) {
  constexpr unsigned kClone = 1;  // OPEN_TREE_CLONE
  return static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, path, kClone | static_cast<unsigned>(O_CLOEXEC) | AT_RECURSIVE));
}

class MountPoint : public FsTest {
 protected:
  MountPoint() {
    for (const auto* name : {"dir", "plain"}) files::create_directory(scratch_ / name);
    for (const auto* name : {"file", "other", "source"}) scratch_.write(name, name);
    prepare();
  }

  void prepare() {
    // The mounts are this process's alone, and end with it.
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", (scratch_ / "dir").c_str(), "tmpfs", 0, "size=1m"), 0);
    ASSERT_EQ(::mount((scratch_ / "source").c_str(), (scratch_ / "file").c_str(), nullptr, MS_BIND, nullptr),
              0);
    scratch_.write("dir/data", "precious");
    UniqueFd tree(open_tree((scratch_ / ".").c_str()));
    ASSERT_TRUE(tree);
    client_ = std::make_unique<FuseClient>(config_of(std::move(tree)));
    ASSERT_EQ(client_->init().error, 0);
    root_ = client_->walk({"root"});
  }
  ~MountPoint() override {
    for (const auto* name : {"dir", "file"}) ::umount2((scratch_ / name).c_str(), MNT_DETACH);
  }

  int rename(std::string_view from, std::string_view to, uint32_t flags = 0) {
    fuse_rename2_in in{};
    in.newdir = root_;
    in.flags = flags;
    return client_->call(FUSE_RENAME2, root_, Arguments().add(in).name(from).name(to)).error;
  }
  void expect_all_mounted() {
    EXPECT_EQ(scratch_.read("dir/data"), "precious");
    EXPECT_EQ(scratch_.read("file"), "source");
  }
};

TEST_F(MountPoint, is_not_removed) {
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("dir")).error, EBUSY);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("file")).error, EBUSY);
  expect_all_mounted();
}

TEST_F(MountPoint, is_not_renamed) {
  for (const uint32_t flags : {0U, unsigned{RENAME_NOREPLACE}, unsigned{RENAME_WHITEOUT}}) {
    EXPECT_EQ(rename("dir", "elsewhere", flags), EBUSY);
    EXPECT_EQ(rename("file", "elsewhere", flags), EBUSY);
  }
  expect_all_mounted();
}

TEST_F(MountPoint, is_not_renamed_over_nor_exchanged) {
  EXPECT_EQ(rename("plain", "dir"), EBUSY);
  EXPECT_EQ(rename("other", "file"), EBUSY);
  EXPECT_EQ(rename("plain", "dir", RENAME_EXCHANGE), EBUSY);
  EXPECT_EQ(rename("dir", "plain", RENAME_EXCHANGE), EBUSY);
  EXPECT_EQ(rename("other", "file", RENAME_EXCHANGE), EBUSY);
  EXPECT_EQ(rename("file", "other", RENAME_EXCHANGE), EBUSY);
  expect_all_mounted();
}

TEST_F(MountPoint, is_not_linked_nor_made_anew) {
  const uint64_t file = node("file");
  EXPECT_EQ(client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{.oldnodeid = file}).name("l")).error,
            EXDEV);
  EXPECT_EQ(client_->call(FUSE_MKDIR, root_, Arguments().add(fuse_mkdir_in{}).name("dir")).error, EEXIST);
  EXPECT_EQ(client_->call(FUSE_SYMLINK, root_, Arguments().name("file").name("t")).error, EEXIST);
  expect_all_mounted();
}

TEST_F(MountPoint, what_lies_below_and_beside_it_is_the_guests) {
  const uint64_t directory = node("dir");
  EXPECT_EQ(client_->create(directory, "new", O_RDWR, 0644).error, 0);
  EXPECT_EQ(client_->call(FUSE_UNLINK, directory, Arguments().name("new")).error, 0);
  EXPECT_EQ(rename("plain", "moved"), 0);
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("moved")).error, 0);
  expect_all_mounted();
}

}  // namespace
}  // namespace caisson::test
