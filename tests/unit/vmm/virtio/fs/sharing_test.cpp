// SPDX-License-Identifier: Apache-2.0
// What a guest may keep of a file, and what it has to ask for again.
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

TEST_F(FsTest, appending_write_goes_to_the_end_and_page_cache_write_to_its_place) {
  scratch_.write("file", "0123456789");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_WRONLY | O_APPEND);
  EXPECT_EQ(client_->write(file, handle, 3, "X", O_APPEND | O_WRONLY).error, 0);
  EXPECT_EQ(scratch_.read("file"), "0123456789X");
  EXPECT_EQ(client_->write(file, handle, 3, "Y", O_APPEND, FUSE_WRITE_CACHE).error, 0);
  EXPECT_EQ(scratch_.read("file"), "012Y456789X");
  EXPECT_EQ(client_->write(file, handle, 0, "Z", O_WRONLY | O_SYNC).error, 0);
}

TEST_F(FsTest, append_says_where_it_ended_when_others_have_moved_the_end) {
  scratch_.write("file", "0123456789");
  const uint64_t file = node("file");
  const uint64_t handle = open(file, O_RDWR);
  const auto shift = [&](uint64_t believed) {
    const auto answer = client_->write(file, handle, believed, "abc", O_APPEND).as<fuse_write_out>();
    EXPECT_EQ(answer.size, 3U);
    return static_cast<int32_t>(answer.padding);
  };
  EXPECT_EQ(shift(10), 0);
  EXPECT_EQ(shift(10), 3);
  EXPECT_EQ(shift(30), -14);
  EXPECT_EQ(shift(uint64_t{1} << 40), 0);  // too far to be told
  EXPECT_EQ(client_->write(file, handle, 0, "zz").as<fuse_write_out>().padding, 0U);
  EXPECT_EQ(scratch_.read("file"), "zz23456789abcabcabcabc");
  mount({.exclusive = true});
  EXPECT_EQ(
      client_->write(node("file"), open(node("file"), O_RDWR), 0, "d", O_APPEND).as<fuse_write_out>().padding,
      0U);
}

TEST_F(FsTest, shared_export_keeps_the_cache_only_of_an_unchanged_file) {
  scratch_.write("file", "one");
  const uint64_t file = node("file");
  const auto keeps = [&] {
    const auto opened = client_->open(file, O_RDWR).as<fuse_open_out>();
    client_->release(file, opened.fh);
    return (opened.open_flags & FOPEN_KEEP_CACHE) != 0;
  };
  const auto settle = [] { std::this_thread::sleep_for(2 * vmm::fs::kSettleTime); };
  EXPECT_FALSE(keeps());
  EXPECT_FALSE(keeps());  // a second change could have been within the same tick
  settle();
  EXPECT_FALSE(keeps());
  EXPECT_TRUE(keeps());
  scratch_.write("file", "other");
  EXPECT_FALSE(keeps());
  settle();
  EXPECT_FALSE(keeps());
  EXPECT_TRUE(keeps());
  // The same size, and the time of modification put back.
  const auto time = files::last_write_time(scratch_ / "file");
  scratch_.write("file", "trick");
  files::last_write_time(scratch_ / "file", time);
  settle();
  EXPECT_FALSE(keeps());
}

TEST_F(FsTest, shared_export_is_asked_about_every_time) {
  scratch_.write("file", "one");
  const auto entry = client_->lookup(root_, "file").as<fuse_entry_out>();
  EXPECT_EQ(entry.entry_valid + entry.entry_valid_nsec + entry.attr_valid + entry.attr_valid_nsec, 0U);
  EXPECT_NE(entry.attr.flags & vmm::fuse::kAttrUnsettled, 0U);
  std::this_thread::sleep_for(2 * vmm::fs::kSettleTime);
  EXPECT_EQ(client_->getattr(entry.nodeid).as<fuse_attr_out>().attr_valid, 0U);
  EXPECT_EQ(client_->getattr(entry.nodeid).as<fuse_attr_out>().attr.flags & vmm::fuse::kAttrUnsettled, 0U);
}

// A file system of 64 KiB that is full but for one page.
TEST_F(FsTest, page_cache_write_that_does_not_fit_is_an_error_and_what_has_room_is_kept) {
  const files::path small = scratch_ / "small";
  files::create_directory(small);
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("small", small.c_str(), "tmpfs", 0, "size=65536") != 0) {
    GTEST_SKIP() << "host: a mount needs root";
  }
  {
    FuseClient client(config_of(UniqueFd(::open(small.c_str(), O_PATH | O_CLOEXEC))));
    ASSERT_EQ(client.init().error, 0);
    const uint64_t root = client.walk({"root"});
    const Answer made = client.create(root, "file", O_RDWR, 0644);
    const uint64_t file = made.as<fuse_entry_out>().nodeid;
    const uint64_t handle = made.as<fuse_open_out>(sizeof(fuse_entry_out)).fh;
    const std::string page(4096, 'o');
    // The last page of 32 is there, and 14 of the 16 pages are taken.
    EXPECT_EQ(client.write(file, handle, 31 * 4096, page).error, 0);
    EXPECT_EQ(client.create(root, "rest", O_RDWR, 0644).error, 0);
    std::ofstream(small / "rest") << std::string(13 * 4096, 'r') << std::flush;
    const std::string pages(32 * 4096, 'n');
    EXPECT_EQ(client.write(file, handle, 0, pages, 0, FUSE_WRITE_CACHE).error, ENOSPC);
    EXPECT_EQ(client.read(file, handle, 0, 4096).text(), std::string(4096, 'n'));
    EXPECT_EQ(client.read(file, handle, 31 * 4096, 4096).text(), std::string(4096, 'n'));
    // A plain write says how much of it there was.
    const Answer some = client.write(file, handle, 4096, pages.substr(0, 8 * 4096));
    EXPECT_TRUE(some.error == ENOSPC || some.as<fuse_write_out>().size < 8 * 4096);
  }
  EXPECT_EQ(::umount2(small.c_str(), MNT_DETACH), 0);
}

TEST_F(FsTest, exclusive_export_may_be_cached_long) {
  mount({.exclusive = true});
  scratch_.write("file", "one");
  EXPECT_GE(client_->lookup(root_, "file").as<fuse_entry_out>().entry_valid, 60U);
  const Answer absent = client_->lookup(root_, "absent");
  EXPECT_EQ(absent.error, 0);
  EXPECT_EQ(absent.as<fuse_entry_out>().nodeid, 0U);
  EXPECT_EQ(client_->init().as<fuse_init_out>().flags & FUSE_AUTO_INVAL_DATA, 0U);
}

}  // namespace
}  // namespace caisson::test
