// SPDX-License-Identifier: Apache-2.0
// Each operation done right, as shells, package managers and databases use it.
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include <fstream>
#include <thread>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

TEST_F(FsTest, config_space_names_the_tag_and_one_request_queue) {
  std::array<char, 40> space{};
  client_->device().read_config(0, std::as_writable_bytes(std::span(space)));
  EXPECT_STREQ(space.data(), "caisson");
  EXPECT_EQ(space[36], 1);
  std::array<std::byte, 8> beyond{std::byte{1}};
  client_->device().read_config(UINT64_MAX, beyond);
  EXPECT_EQ(beyond[0], std::byte{0});
}

TEST_F(FsTest, init_agrees_only_on_what_was_offered) {
  const auto all = client_->init().as<fuse_init_out>();
  EXPECT_EQ(all.max_pages, 256);
  EXPECT_EQ(all.max_write, 1U << 20);
  EXPECT_EQ(all.flags & (FUSE_EXPORT_SUPPORT | FUSE_WRITEBACK_CACHE), 0U);
  EXPECT_NE(all.flags & FUSE_AUTO_INVAL_DATA, 0U);
  EXPECT_EQ(client_->init(0).as<fuse_init_out>().flags, 0U);
}

TEST_F(FsTest, file_created_written_and_read_back) {
  const Answer made = client_->create(root_, "file", O_RDWR, 0666, 027);
  ASSERT_EQ(made.error, 0);
  const auto entry = made.as<fuse_entry_out>();
  const auto opened = made.as<fuse_open_out>(sizeof(fuse_entry_out));
  EXPECT_EQ(entry.attr.mode, S_IFREG | 0640U);
  EXPECT_EQ(client_->write(entry.nodeid, opened.fh, 0, "hello ").as<fuse_write_out>().size, 6U);
  EXPECT_EQ(client_->write(entry.nodeid, opened.fh, 6, "world").as<fuse_write_out>().size, 5U);
  EXPECT_EQ(client_->read(entry.nodeid, opened.fh, 0, 100).text(), "hello world");
  EXPECT_EQ(client_->read(entry.nodeid, opened.fh, 6, 3).text(), "wor");
  EXPECT_EQ(client_->read(entry.nodeid, opened.fh, 100, 3).text(), "");
  EXPECT_EQ(client_->getattr(entry.nodeid).as<fuse_attr_out>().attr.size, 11U);
  EXPECT_EQ(scratch_.read("file"), "hello world");
}

TEST_F(FsTest, create_of_an_existing_file_opens_it_unless_exclusive) {
  scratch_.write("file", "text");
  EXPECT_EQ(client_->create(root_, "file", O_RDWR | O_EXCL, 0644).error, EEXIST);
  const Answer opened = client_->create(root_, "file", O_RDWR, 0644);
  ASSERT_EQ(opened.error, 0);
  EXPECT_EQ(opened.as<fuse_entry_out>().attr.size, 4U);
  EXPECT_EQ(client_->create(root_, "file", O_RDWR | O_TRUNC, 0644).as<fuse_entry_out>().attr.size, 0U);
  files::create_directory(scratch_ / "dir");
  EXPECT_EQ(client_->create(root_, "dir", O_RDWR, 0644).error, EISDIR);
}

TEST_F(FsTest, created_objects_belong_to_the_caller) {
  client_->uid = 1234;
  client_->gid = 5678;
  EXPECT_EQ(client_->create(root_, "file", O_RDWR, 0644).as<fuse_entry_out>().attr.uid, 1234U);
  client_->call(FUSE_MKDIR, root_, Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 022}).name("dir"));
  client_->call(FUSE_SYMLINK, root_, Arguments().name("link").name("target"));
  client_->call(FUSE_MKNOD, root_,
                Arguments()
                    .add(fuse_mknod_in{.mode = S_IFIFO | 0644, .rdev = 0, .umask = 0, .padding = 0})
                    .name("fifo"));
  for (const char* name : {"file", "dir", "link", "fifo"}) {
    EXPECT_EQ(scratch_.stat(name).st_uid, 1234U) << name;
    EXPECT_EQ(scratch_.stat(name).st_gid, 5678U) << name;
  }
  client_->uid = 0;
  client_->gid = 0;
  client_->create(root_, "roots", O_RDWR, 0644);
  EXPECT_EQ(scratch_.stat("roots").st_uid, 0U);
  client_->uid = UINT32_MAX;
  EXPECT_EQ(client_->create(root_, "nobodys", O_RDWR, 0644).error, EINVAL);
}

TEST_F(FsTest, setgid_directory_gives_its_group) {
  files::create_directory(scratch_ / "dir");
  ASSERT_EQ(::chown((scratch_ / "dir").c_str(), 0, 4321), 0);
  ASSERT_EQ(::chmod((scratch_ / "dir").c_str(), 02777), 0);
  client_->uid = 1234;
  client_->gid = 5678;
  const uint64_t directory = node("dir");
  EXPECT_EQ(client_->create(directory, "file", O_RDWR, 0644).as<fuse_entry_out>().attr.gid, 4321U);
  const auto made = client_->call(FUSE_MKDIR, directory,
                                  Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 0}).name("sub"));
  EXPECT_EQ(made.as<fuse_entry_out>().attr.mode & 07777U, 02755U);
}

TEST_F(FsTest, writing_by_the_unprivileged_drops_set_id_bits) {
  scratch_.write("file", "text");
  const auto set = [&] { ::chmod((scratch_ / "file").c_str(), 06755); };
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDWR);
  set();
  client_->write(file, handle, 0, "x");
  EXPECT_EQ(scratch_.stat("file").st_mode & 07777U, 06755U);  // the guest's root keeps them
  client_->write(file, handle, 0, "x", 0, FUSE_WRITE_KILL_SUIDGID);
  EXPECT_EQ(scratch_.stat("file").st_mode & 07777U, 0755U);
  set();
  client_->call(FUSE_SETATTR, file,
                Arguments().add(fuse_setattr_in{.valid = FATTR_SIZE | FATTR_KILL_SUIDGID}));
  EXPECT_EQ(scratch_.stat("file").st_mode & 07777U, 0755U);
  set();
  client_->call(
      FUSE_OPEN, file,
      Arguments().add(fuse_open_in{.flags = O_WRONLY | O_TRUNC, .open_flags = FUSE_OPEN_KILL_SUIDGID}));
  EXPECT_EQ(scratch_.stat("file").st_mode & 07777U, 0755U);
  set();
  client_->call(FUSE_SETATTR, file, Arguments().add(fuse_setattr_in{.valid = FATTR_UID | FATTR_GID}));
  EXPECT_EQ(scratch_.stat("file").st_mode & 07777U, 0755U);
}

TEST_F(FsTest, setattr_changes_mode_owner_size_and_times) {
  scratch_.write("file", "text");
  const uint64_t file = node("file");
  fuse_setattr_in in{};
  in.valid = FATTR_MODE | FATTR_SIZE | FATTR_MTIME | FATTR_ATIME;
  in.mode = S_IFREG | 0600;
  in.size = 2;
  in.mtime = 1000;
  in.mtimensec = 7;
  in.atime = 2000;
  auto attr = client_->call(FUSE_SETATTR, file, Arguments().add(in)).as<fuse_attr_out>().attr;
  EXPECT_EQ(attr.mode, S_IFREG | 0600U);
  EXPECT_EQ(attr.size, 2U);
  EXPECT_EQ(attr.mtime, 1000U);
  EXPECT_EQ(attr.mtimensec, 7U);
  EXPECT_EQ(attr.atime, 2000U);
  in = {};
  in.valid = FATTR_UID | FATTR_MTIME | FATTR_MTIME_NOW;
  in.uid = 42;
  attr = client_->call(FUSE_SETATTR, file, Arguments().add(in)).as<fuse_attr_out>().attr;
  EXPECT_EQ(attr.uid, 42U);
  EXPECT_EQ(attr.gid, 0U);
  EXPECT_GT(attr.mtime, 1'000'000'000U);
  EXPECT_EQ(attr.atime, 2000U);
  files::create_symlink("nowhere", scratch_ / "link");
  EXPECT_EQ(client_->call(FUSE_SETATTR, node("link"), Arguments().add(in)).as<fuse_attr_out>().attr.uid, 42U);
}

TEST_F(FsTest, chown_to_nobody_drops_set_id_bits_and_moves_the_time_of_change) {
  scratch_.write("file", "text");
  const uint64_t file = node("file");
  ASSERT_EQ(::chmod((scratch_ / "file").c_str(), 06755), 0);
  const auto before = client_->getattr(file).as<fuse_attr_out>().attr;
  std::this_thread::sleep_for(vmm::fs::kSettleTime);
  const auto after =
      client_->call(FUSE_SETATTR, file, Arguments().add(fuse_setattr_in{})).as<fuse_attr_out>().attr;
  EXPECT_EQ(after.mode, S_IFREG | 0755U);
  EXPECT_NE(std::pair(after.ctime, after.ctimensec), std::pair(before.ctime, before.ctimensec));
  EXPECT_EQ(std::pair(after.mtime, after.mtimensec), std::pair(before.mtime, before.mtimensec));
}

TEST_F(FsTest, unlinked_file_stays_usable_while_referred_to) {
  scratch_.write("file", "text");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDWR);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("file")).error, 0);
  EXPECT_EQ(client_->read(file, handle, 0, 10).text(), "text");
  EXPECT_EQ(client_->getattr(file).as<fuse_attr_out>().attr.nlink, 0U);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
  EXPECT_EQ(client_->lookup(root_, "file").error, ENOENT);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("file")).error, ENOENT);
}

TEST_F(FsTest, removed_directory_is_empty_and_gone) {
  files::create_directory(scratch_ / "dir");
  scratch_.write("dir/file", "");
  const uint64_t directory = node("dir");
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("dir")).error, ENOTEMPTY);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("dir")).error, EISDIR);
  EXPECT_EQ(client_->call(FUSE_UNLINK, directory, Arguments().name("file")).error, 0);
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("dir")).error, 0);
  EXPECT_EQ(client_->getattr(directory).error, 0);
  EXPECT_EQ(client_->create(directory, "new", O_RDWR, 0644).error, ENOENT);
}

TEST_F(FsTest, rename_moves_replaces_refuses_and_exchanges) {
  scratch_.write("a", "a");
  scratch_.write("b", "b");
  files::create_directory(scratch_ / "dir");
  const uint64_t a = node("a");
  const uint64_t b = node("b");
  const uint64_t directory = node("dir");
  const auto rename = [&](std::string_view from, uint64_t to_node, std::string_view to, uint32_t flags) {
    return client_
        ->call(FUSE_RENAME2, root_,
               Arguments()
                   .add(fuse_rename2_in{.newdir = to_node, .flags = flags, .padding = 0})
                   .name(from)
                   .name(to))
        .error;
  };
  EXPECT_EQ(rename("a", root_, "b", RENAME_NOREPLACE), EEXIST);
  EXPECT_EQ(rename("a", root_, "b", RENAME_EXCHANGE), 0);
  EXPECT_EQ(scratch_.read("a"), "b");
  EXPECT_EQ(node("a"), b);
  EXPECT_EQ(rename("b", directory, "c", 0), 0);
  EXPECT_EQ(client_->lookup(directory, "c").as<fuse_entry_out>().nodeid, a);
  EXPECT_EQ(rename("a", root_, "a", 1U << 30), EINVAL);
  // The replaced file is still there for whoever has it.
  scratch_.write("new", "new");
  EXPECT_EQ(rename("new", root_, "a", 0), 0);
  EXPECT_EQ(client_->getattr(b).as<fuse_attr_out>().attr.nlink, 0U);
  EXPECT_EQ(rename("absent", root_, "a", 0), ENOENT);
}

TEST_F(FsTest, tmpfile_gets_a_name_by_link) {
  const Answer made = client_->call(
      FUSE_TMPFILE, root_,
      Arguments().add(fuse_create_in{.flags = O_RDWR, .mode = 0644, .umask = 0, .open_flags = 0}).name("/"));
  ASSERT_EQ(made.error, 0);
  const uint64_t file = made.as<fuse_entry_out>().nodeid;
  const uint64_t handle = made.as<fuse_open_out>(sizeof(fuse_entry_out)).fh;
  EXPECT_EQ(made.as<fuse_entry_out>().attr.nlink, 0U);
  EXPECT_EQ(client_->write(file, handle, 0, "text").error, 0);
  EXPECT_EQ(client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{file}).name("named"))
                .as<fuse_entry_out>()
                .nodeid,
            file);
  EXPECT_EQ(scratch_.read("named"), "text");
  EXPECT_EQ(client_->release(file, handle).error, 0);
  EXPECT_EQ(node("named"), file);
}

TEST_F(FsTest, xattrs_of_users_are_served_and_those_of_the_host_are_not) {
  scratch_.write("file", "");
  const uint64_t file = node("file");
  const auto set = [&](std::string_view name) {
    return client_
        ->call(FUSE_SETXATTR, file, Arguments().add(fuse_setxattr_in{.size = 5}).name(name).raw("value"))
        .error;
  };
  const auto get = [&](std::string_view name, uint32_t size) {
    return client_->call(FUSE_GETXATTR, file,
                         Arguments().add(fuse_getxattr_in{.size = size, .padding = 0}).name(name));
  };
  // The synthetic root has no access list; a refusal would shut out everybody but root.
  EXPECT_EQ(
      client_
          ->call(FUSE_GETXATTR, FUSE_ROOT_ID,
                 Arguments().add(fuse_getxattr_in{.size = 0, .padding = 0}).name("system.posix_acl_access"))
          .error,
      ENODATA);
  ASSERT_EQ(set("user.a"), 0);
  EXPECT_EQ(get("user.a", 100).text(), "value");
  EXPECT_EQ(get("user.a", 0).as<fuse_getxattr_out>().size, 5U);
  EXPECT_EQ(get("user.a", 4).error, ERANGE);
  EXPECT_EQ(get("user.b", 100).error, ENODATA);
  for (const std::string_view name : {"security.selinux", "security.ima", "system.other", ""}) {
    EXPECT_EQ(set(name), EOPNOTSUPP) << name;
    EXPECT_EQ(get(name, 100).error, EOPNOTSUPP) << name;
  }
  ::setxattr((scratch_ / "file").c_str(), "trusted.host", "x", 1, 0);
  EXPECT_EQ(client_->call(FUSE_LISTXATTR, file, Arguments().add(fuse_getxattr_in{.size = 1000, .padding = 0}))
                .text(),
            std::string("user.a\0", 7));
  EXPECT_EQ(client_->call(FUSE_REMOVEXATTR, file, Arguments().name("user.a")).error, 0);
  EXPECT_EQ(get("user.a", 100).error, ENODATA);
}

TEST_F(FsTest, space_is_allocated_punched_sought_and_copied) {
  scratch_.write("file", "");
  scratch_.write("copy", "");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDWR);
  const auto allocate = [&](uint32_t mode, uint64_t offset, uint64_t length) {
    return client_
        ->call(FUSE_FALLOCATE, file,
               Arguments().add(fuse_fallocate_in{
                   .fh = handle, .offset = offset, .length = length, .mode = mode, .padding = 0}))
        .error;
  };
  client_->write(file, handle, 1 << 20, "end");
  EXPECT_EQ(client_
                ->call(FUSE_LSEEK, file,
                       Arguments().add(fuse_lseek_in{.fh = handle, .offset = 0, .whence = SEEK_DATA}))
                .as<fuse_lseek_out>()
                .offset,
            1U << 20);
  EXPECT_EQ(client_
                ->call(FUSE_LSEEK, file,
                       Arguments().add(fuse_lseek_in{.fh = handle, .offset = 0, .whence = SEEK_SET}))
                .error,
            EINVAL);
  EXPECT_EQ(allocate(0, 0, 4096), 0);
  EXPECT_EQ(allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
  EXPECT_EQ(allocate(FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
  EXPECT_EQ(allocate(0, UINT64_MAX, UINT64_MAX), EINVAL);
  const uint64_t copy = node("copy");
  fuse_copy_file_range_in in{};
  in.fh_in = handle;
  in.off_in = 1 << 20;
  in.nodeid_out = copy;
  in.fh_out = open(copy, O_RDWR);
  in.len = UINT64_MAX;
  EXPECT_EQ(client_->call(FUSE_COPY_FILE_RANGE, file, Arguments().add(in)).as<fuse_write_out>().size, 3U);
  EXPECT_EQ(scratch_.read("copy"), "end");
  EXPECT_EQ(client_->call(FUSE_FSYNC, file, Arguments().add(fuse_fsync_in{.fh = handle})).error, 0);
  EXPECT_EQ(client_->call(FUSE_STATFS, file, {}).error, 0);
  EXPECT_GT(client_->call(FUSE_STATFS, file, {}).as<fuse_statfs_out>().st.blocks, 0U);
}

}  // namespace
}  // namespace caisson::test
