// SPDX-License-Identifier: Apache-2.0
// The descriptors of nodes are few, however many nodes there are; and a node found again is the same file.
#include <dirent.h>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

size_t open_descriptors() {
  return static_cast<size_t>(
      std::distance(files::directory_iterator("/proc/self/fd"), files::directory_iterator()));
}

class FewDescriptors : public FsTest {
 protected:
  static constexpr size_t kDescriptors = 80;
  FewDescriptors() { mount({.descriptors = kDescriptors}); }
};

TEST_F(FewDescriptors, many_nodes_use_few_descriptors_and_stay_usable) {
  const size_t before = open_descriptors();
  std::vector<uint64_t> nodes;
  for (int i = 0; i < 500; ++i) {
    const std::string name = "d" + std::to_string(i);
    files::create_directory(scratch_ / name);
    scratch_.write(name + "/file", name);
    nodes.push_back(client_->walk({"root", name, "file"}));
    ASSERT_NE(nodes.back(), 0U);
  }
  EXPECT_LE(open_descriptors() - before, kDescriptors);
  for (int i = 0; i < 500; ++i) {
    const uint64_t handle = open(nodes[static_cast<size_t>(i)], O_RDONLY);
    EXPECT_EQ(client_->read(nodes[static_cast<size_t>(i)], handle, 0, 100).text(), "d" + std::to_string(i));
    client_->release(nodes[static_cast<size_t>(i)], handle);
  }
  EXPECT_LE(open_descriptors() - before, kDescriptors);
}

TEST_F(FewDescriptors, evicted_node_replaced_on_the_host_is_stale) {
  scratch_.write("file", "old");
  const uint64_t file = node("file");
  scratch_.write("new", "new");
  files::rename(scratch_ / "new", scratch_ / "file");
  EXPECT_EQ(client_->getattr(file).error, ESTALE);
  EXPECT_EQ(client_->open(file, O_RDONLY).error, ESTALE);
  EXPECT_NE(node("file"), file);
}

TEST_F(FewDescriptors, open_files_beyond_the_bound_are_enfile) {
  scratch_.write("file", "x");
  const uint64_t file = node("file");
  std::vector<uint64_t> handles;
  int error = 0;
  for (size_t i = 0; i < kDescriptors && error == 0; ++i) {
    const Answer answer = client_->open(file, O_RDONLY);
    error = answer.error;
    if (error == 0) {
      handles.push_back(answer.as<fuse_open_out>().fh);
    }
  }
  EXPECT_EQ(error, ENFILE);
  EXPECT_EQ(client_->create(root_, "more", O_RDWR, 0644).error, ENFILE);
  EXPECT_FALSE(files::exists(scratch_ / "more"));
  client_->release(file, handles.back());
  EXPECT_EQ(client_->open(file, O_RDONLY).error, 0);
}

TEST_F(FewDescriptors, deleted_files_never_forgotten_lose_the_oldest_first) {
  const size_t before = open_descriptors();
  std::vector<uint64_t> nodes;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "f" + std::to_string(i);
    scratch_.write(name, name);
    nodes.push_back(node(name));
    EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name(name)).error, 0);
  }
  EXPECT_LE(open_descriptors() - before, kDescriptors);
  EXPECT_EQ(client_->getattr(nodes.front()).error, ESTALE);
  EXPECT_EQ(client_->getattr(nodes.back()).as<fuse_attr_out>().attr.nlink, 0U);
}

TEST_F(FewDescriptors, deep_directory_is_found_again_after_eviction) {
  uint64_t directory = root_;
  for (int i = 0; i < 200; ++i) {
    const Answer made = client_->call(FUSE_MKDIR, directory,
                                      Arguments().add(fuse_mkdir_in{.mode = 0755, .umask = 0}).name("d"));
    ASSERT_EQ(made.error, 0);
    directory = made.as<fuse_entry_out>().nodeid;
  }
  for (int i = 0; i < 100; ++i) {  // push the chain out
    const std::string name = "x" + std::to_string(i);
    files::create_directory(scratch_ / name);
    client_->lookup(node(name), "absent");
  }
  EXPECT_EQ(client_->create(directory, "file", O_RDWR, 0644).error, 0);
}

TEST_F(FsTest, hard_links_share_a_node_and_outlive_each_other) {
  scratch_.write("a", "text");
  const uint64_t a = node("a");
  EXPECT_EQ(
      client_->call(FUSE_LINK, root_, Arguments().add(fuse_link_in{a}).name("b")).as<fuse_entry_out>().nodeid,
      a);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("a")).error, 0);
  EXPECT_EQ(node("b"), a);
  EXPECT_EQ(client_->call(FUSE_UNLINK, root_, Arguments().name("b")).error, 0);
  EXPECT_EQ(client_->getattr(a).as<fuse_attr_out>().attr.nlink, 0U);
}

TEST_F(FsTest, forgotten_nodes_are_gone_with_their_ancestors) {
  files::create_directories(scratch_ / "a/b/c");
  const uint64_t a = node("a");
  const uint64_t b = client_->lookup(a, "b").as<fuse_entry_out>().nodeid;
  const uint64_t c = client_->lookup(b, "c").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(client_->device().server().node_count(), 5U);
  client_->forget(a, 1);
  client_->forget(b, 1);
  EXPECT_EQ(client_->device().server().node_count(), 5U);  // c needs them to be found again
  client_->forget(c, 1);
  EXPECT_EQ(client_->device().server().node_count(), 2U);
}

TEST_F(FsTest, inode_number_used_again_is_another_node) {
  scratch_.write("file", "1");
  const uint64_t first = node("file");
  client_->getattr(first);
  for (int i = 0; i < 50; ++i) {
    files::remove(scratch_ / "file");
    scratch_.write("file", "2");
    EXPECT_NE(node("file"), first);
  }
}

}  // namespace
}  // namespace caisson::test
