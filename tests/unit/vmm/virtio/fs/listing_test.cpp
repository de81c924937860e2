// SPDX-License-Identifier: Apache-2.0
// Directories listed: whole, in small steps, while they change.
#include <dirent.h>

#include <algorithm>
#include <set>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

namespace files = std::filesystem;

std::vector<std::string> names_of(
    FuseClient& client, uint64_t directory, uint32_t opcode, uint32_t size,
    const std::function<void(size_t)>& between = [](size_t) {}) {
  const uint64_t handle = client.open(directory, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
  std::vector<std::string> names;
  uint64_t offset = 0;
  while (true) {
    const Answer part = client.read(directory, handle, offset, size, opcode);
    EXPECT_EQ(part.error, 0);
    EXPECT_LE(part.data.size(), size);
    if (part.data.empty() || part.error != 0) {
      break;
    }
    size_t at = 0;
    while (at < part.data.size()) {
      at += opcode == FUSE_READDIRPLUS ? sizeof(fuse_entry_out) : 0;
      const auto entry = part.as<fuse_dirent>(at);
      names.emplace_back(reinterpret_cast<const char*>(part.data.data()) + at + FUSE_NAME_OFFSET,
                         entry.namelen);
      offset = entry.off;
      at += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.namelen);
    }
    between(names.size());
  }
  client.release(directory, handle, FUSE_RELEASEDIR);
  return names;
}

TEST_F(FsTest, readdir_lists_each_name_once_in_small_steps) {
  std::set<std::string> expected = {".", ".."};
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "file" + std::to_string(i);
    scratch_.write(name, "");
    expected.insert(name);
  }
  for (const uint32_t opcode : {FUSE_READDIR, FUSE_READDIRPLUS}) {
    for (const uint32_t size : {512U, 4096U, 65536U}) {
      const auto names = names_of(*client_, root_, opcode, size);
      EXPECT_EQ(names.size(), expected.size());
      EXPECT_EQ(std::set(names.begin(), names.end()), expected);
    }
  }
}

TEST_F(FsTest, readdir_while_names_are_removed_misses_none_of_the_others) {
  for (int i = 0; i < 600; ++i) {
    scratch_.write((i % 2 == 0 ? "keep" : "drop") + std::to_string(i), "");
  }
  bool is_first = true;
  const auto names = names_of(*client_, root_, FUSE_READDIRPLUS, 4096, [&](size_t) {
    for (int i = 1; is_first && i < 600; i += 2) {
      files::remove(scratch_ / ("drop" + std::to_string(i)));
    }
    is_first = false;
  });
  EXPECT_EQ(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with("keep"); }),
      300);
}

TEST_F(FsTest, two_listings_at_once_do_not_disturb_each_other) {
  for (int i = 0; i < 300; ++i) {
    scratch_.write("file" + std::to_string(i), "");
  }
  const auto names = names_of(*client_, root_, FUSE_READDIR, 1024, [&](size_t) {
    const uint64_t other = client_->open(root_, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh;
    client_->read(root_, other, 0, 1024, FUSE_READDIR);
    client_->release(root_, other, FUSE_RELEASEDIR);
    client_->read(FUSE_ROOT_ID, client_->open(FUSE_ROOT_ID, O_RDONLY, FUSE_OPENDIR).as<fuse_open_out>().fh, 0,
                  1024, FUSE_READDIR);
  });
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), 302U);
}

TEST_F(FsTest, synthetic_root_lists_the_exports) {
  EXPECT_EQ(names_of(*client_, FUSE_ROOT_ID, FUSE_READDIR, 4096),
            (std::vector<std::string>{".", "..", "root"}));
  EXPECT_EQ(names_of(*client_, FUSE_ROOT_ID, FUSE_READDIRPLUS, 160),
            (std::vector<std::string>{".", "..", "root"}));
}

}  // namespace
}  // namespace caisson::test
