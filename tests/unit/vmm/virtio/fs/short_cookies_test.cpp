// SPDX-License-Identifier: Apache-2.0
// Positions in directories fit what 32-bit programs have for them, lead back to where they came from, and
// cost a bounded amount of memory.
#include "vmm/virtio/fs/short_cookies.h"

#include <set>

#include "tests/unit/vmm/virtio/fs/fixture.h"

namespace caisson::test {
namespace {

using vmm::fs::ShortCookies;
constexpr uint64_t kLong = uint64_t{1} << 40;
constexpr uint64_t kNumbers = uint64_t{1} << 30;

TEST(ShortCookies, long_positions_get_numbers_of_31_bits_that_lead_back) {
  ShortCookies cookies(100, [](uint64_t) { return true; });
  std::set<uint64_t> told;
  for (const uint64_t position :
       {uint64_t{0}, uint64_t{1}, kNumbers - 1, kNumbers, kLong, kLong + 1, uint64_t{INT64_MAX}}) {
    const auto number = cookies.shorten(7, position);
    ASSERT_TRUE(number);
    EXPECT_LT(*number, uint64_t{1} << 31);
    EXPECT_TRUE(told.insert(*number).second);
    EXPECT_EQ(cookies.shorten(7, position), *number);
    EXPECT_EQ(cookies.position(7, *number), position);
  }
  EXPECT_EQ(cookies.size(), 4U);
}

TEST(ShortCookies, number_nobody_was_told_is_refused) {
  ShortCookies cookies(100, [](uint64_t) { return true; });
  ASSERT_EQ(cookies.shorten(7, kLong), kNumbers);
  EXPECT_EQ(cookies.position(7, kNumbers + 1).error().code, EINVAL);
  EXPECT_EQ(cookies.position(8, kNumbers).error().code, EINVAL);
  EXPECT_EQ(cookies.position(7, 2 * kNumbers - 1).error().code, EINVAL);
  EXPECT_EQ(cookies.position(7, 2 * kNumbers), 2 * kNumbers);
}

TEST(ShortCookies, directories_that_are_not_open_make_room) {
  bool is_open = true;
  ShortCookies cookies(2, [&](uint64_t directory) { return directory != 1 || is_open; });
  ASSERT_EQ(cookies.shorten(1, kLong), kNumbers);
  ASSERT_EQ(cookies.shorten(2, kLong), kNumbers);
  // All open: the host's own, which 64-bit programs can do with; never one that could be taken for a number.
  EXPECT_EQ(cookies.shorten(2, kLong + 1), kLong + 1);
  EXPECT_EQ(cookies.shorten(2, kNumbers + 5).error().code, EOVERFLOW);
  const uint64_t epoch = cookies.epoch();
  is_open = false;
  EXPECT_EQ(cookies.shorten(2, kLong + 1), kNumbers + 1);
  EXPECT_NE(cookies.epoch(), epoch);
  EXPECT_EQ(cookies.position(1, kNumbers).error().code, EINVAL);
  EXPECT_EQ(cookies.position(2, kNumbers), kLong);
  EXPECT_EQ(cookies.size(), 2U);
}

TEST(ShortCookies, directory_that_wants_a_number_keeps_those_it_has) {
  ShortCookies cookies(1, [](uint64_t) { return false; });
  ASSERT_EQ(cookies.shorten(1, kLong), kNumbers);
  EXPECT_EQ(cookies.shorten(1, kLong + 1), kLong + 1);
  EXPECT_EQ(cookies.shorten(1, kLong), kNumbers);
}

// Where the host's file system hashes its directories, as ext4 does large ones.
TEST_F(FsTest, offsets_of_a_large_directory_fit_32_bit_programs_and_can_be_returned_to) {
  for (int i = 0; i < 1000; ++i) {
    scratch_.write("file" + std::to_string(i), "");
  }
  const uint64_t handle = open(root_, O_RDONLY, FUSE_OPENDIR);
  const auto entry_at = [&](uint64_t offset) {
    const Answer answer = client_->read(root_, handle, offset, 300, FUSE_READDIR);
    const auto head = answer.as<fuse_dirent>();
    return std::pair(head.off, answer.text().substr(FUSE_NAME_OFFSET, head.namelen));
  };
  std::vector<std::pair<uint64_t, std::string>> seen;  // where it was, and what
  for (uint64_t offset = 0; seen.size() < 1002;) {
    const auto [next, name] = entry_at(offset);
    ASSERT_FALSE(name.empty());
    seen.emplace_back(offset, name);
    EXPECT_LT(next, uint64_t{1} << 31);
    offset = next;
  }
  for (size_t i = 1001; i > 0; i -= 7) {
    EXPECT_EQ(entry_at(seen[i].first).second, seen[i].second);
  }
  EXPECT_LE(client_->device().server().cookie_count(), 1002U);
  // Positions belong to the directory: whoever opens it next may go on from them.
  client_->release(root_, handle, FUSE_RELEASEDIR);
  const uint64_t again = open(root_, O_RDONLY, FUSE_OPENDIR);
  EXPECT_EQ(client_->read(root_, again, seen[500].first, 300, FUSE_READDIR)
                .text()
                .substr(FUSE_NAME_OFFSET, seen[500].second.size()),
            seen[500].second);
  EXPECT_EQ(client_->read(root_, again, (1U << 31) - 1, 300, FUSE_READDIR).error, EINVAL);
}

}  // namespace
}  // namespace caisson::test
