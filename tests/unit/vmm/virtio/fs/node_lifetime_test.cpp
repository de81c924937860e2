// SPDX-License-Identifier: Apache-2.0
// Nodes that nothing but the request at hand refers to: a guest may forget a directory and keep a file below
// it, and then have both change places. AddressSanitizer is the judge of most of these.
#include <linux/fs.h>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

class Lifetime : public FsTest {
 protected:
  Lifetime() {
    files::create_directory(scratch_ / "D");
    scratch_.write("F", "text");
    scratch_.write("G", "other");
  }

  // A directory D whose node lives by its child alone: a second name, D/X, of the file `name`.
  uint64_t keep_by_child(std::string_view name) {
    const uint64_t directory = node("D");
    const uint64_t file = node(name);
    EXPECT_EQ(
        client_->call(FUSE_LINK, directory, Arguments().add(fuse_link_in{.oldnodeid = file}).name("X")).error,
        0);
    client_->forget(directory, 1);
    return file;
  }
  int rename(std::string_view from, std::string_view to, uint32_t flags = 0) {
    fuse_rename2_in in{};
    in.newdir = root_;
    in.flags = flags;
    return client_->call(FUSE_RENAME2, root_, Arguments().add(in).name(from).name(to)).error;
  }
  [[nodiscard]] size_t nodes() const { return client_->device().server().node_count(); }
};

TEST_F(Lifetime, exchange_moves_the_last_child_out_of_a_forgotten_directory) {
  const uint64_t file = keep_by_child("F");
  EXPECT_EQ(rename("D", "F", RENAME_EXCHANGE), 0);
  EXPECT_TRUE(S_ISDIR(client_->lookup(root_, "F").as<fuse_entry_out>().attr.mode));
  EXPECT_EQ(client_->lookup(root_, "D").as<fuse_entry_out>().nodeid, file);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
}

TEST_F(Lifetime, exchange_moves_the_last_child_out_of_a_forgotten_directory_that_is_the_target) {
  const uint64_t file = keep_by_child("F");
  EXPECT_EQ(rename("F", "D", RENAME_EXCHANGE), 0);
  EXPECT_TRUE(S_ISDIR(client_->lookup(root_, "F").as<fuse_entry_out>().attr.mode));
  EXPECT_EQ(client_->lookup(root_, "D").as<fuse_entry_out>().nodeid, file);
}

TEST_F(Lifetime, lookup_moves_the_last_child_out_of_a_forgotten_directory) {
  const uint64_t file = keep_by_child("F");
  const size_t before = nodes();
  EXPECT_EQ(node("F"), file);
  EXPECT_EQ(nodes(), before - 1);
}

TEST_F(Lifetime, every_request_that_gives_a_name_moves_the_last_child_out_of_a_forgotten_directory) {
  const uint64_t file = keep_by_child("F");
  EXPECT_EQ(client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{.oldnodeid = file}).name("Y")).error,
            0);
  client_->forget(node("D"), 1);
  EXPECT_EQ(client_->create(root_, "F", O_RDWR, 0644).error, 0);  // exists: opened
  EXPECT_EQ(
      client_->call(FUSE_LINK, node("D"), Arguments().add(fuse_link_in{.oldnodeid = file}).name("Z")).error,
      0);
  client_->forget(node("D"), 2);
  const uint64_t handle = open(root_, O_RDONLY, FUSE_OPENDIR);
  EXPECT_EQ(client_->read(root_, handle, 0, 4096, FUSE_READDIRPLUS).error, 0);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
}

TEST_F(Lifetime, replaced_file_is_the_last_child_of_a_forgotten_directory) {
  const uint64_t file = keep_by_child("F");
  const uint64_t handle = open(file, O_RDONLY);
  EXPECT_EQ(rename("G", "F"), 0);
  EXPECT_EQ(client_->read(file, handle, 0, 10).text(), "text");
  EXPECT_EQ(client_->call(FUSE_UNLINK, node("D"), Arguments().name("X")).error, 0);
  EXPECT_EQ(client_->read(file, handle, 0, 10).text(), "text");
}

TEST_F(Lifetime, removed_file_is_the_last_child_of_a_forgotten_directory) {
  const uint64_t file = keep_by_child("F");
  const uint64_t directory = node("D");
  EXPECT_EQ(client_->call(FUSE_UNLINK, directory, Arguments().name("X")).error, 0);
  client_->forget(directory, 1);
  EXPECT_EQ(client_->call(FUSE_RMDIR, root_, Arguments().name("D")).error, 0);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
}

TEST_F(Lifetime, forgetting_all_of_a_file_that_is_open_keeps_it) {
  const uint64_t file = node("F");
  const uint64_t handle = open(file, O_RDONLY);
  client_->forget(file, UINT64_MAX);
  EXPECT_EQ(client_->read(file, handle, 0, 10).text(), "text");
  EXPECT_EQ(client_->getattr(file).error, ESTALE);
  EXPECT_EQ(client_->release(file, handle).error, 0);
  EXPECT_EQ(client_->device().server().handle_count(), 0U);
}

TEST_F(Lifetime, nothing_is_left_once_all_is_forgotten) {
  const size_t before = nodes();
  const uint64_t file = keep_by_child("F");
  EXPECT_EQ(rename("D", "F", RENAME_EXCHANGE), 0);
  client_->forget(file, 2);
  EXPECT_EQ(nodes(), before);
}

}  // namespace
}  // namespace caisson::test
