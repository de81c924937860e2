// SPDX-License-Identifier: Apache-2.0
// Directories of the view as READDIR has them.
#include "vmm/proc_view/listing.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace caisson::vmm {
namespace {

struct Seen {
  std::string name;
  uint64_t inode = 0;
  uint64_t offset = 0;
  uint32_t type = 0;
};

// As the host's kernel reads it.
std::vector<Seen> parse(std::string_view text) {
  std::vector<Seen> entries;
  while (!text.empty()) {
    fuse_dirent head{};
    EXPECT_GE(text.size(), FUSE_NAME_OFFSET);
    std::memcpy(static_cast<void*>(&head), text.data(), FUSE_NAME_OFFSET);
    EXPECT_GE(text.size(), FUSE_DIRENT_SIZE(&head));
    entries.push_back({.name = std::string(text.substr(FUSE_NAME_OFFSET, head.namelen)),
                       .inode = head.ino,
                       .offset = head.off,
                       .type = head.type});
    text.remove_prefix(FUSE_DIRENT_SIZE(&head));
  }
  return entries;
}

std::vector<std::string> names_of(const std::vector<Seen>& entries) {
  std::vector<std::string> names;
  for (const Seen& entry : entries) {
    names.push_back(entry.name);
  }
  return names;
}

constexpr size_t kPlenty = 65536;
constexpr ProcNode kTop{};

TEST(ProcListing, top_has_its_files_and_then_the_processes) {
  ProcDirectory known;
  known.pids = {1, 42};
  const auto entries = parse(listing_of(kTop, &known, 0, kPlenty));
  std::vector<std::string> wanted = {".", ".."};
  for (const ProcEntry& entry : entries_of(kTop)) {
    wanted.emplace_back(entry.name);
  }
  wanted.insert(wanted.end(), {"1", "42"});
  EXPECT_EQ(names_of(entries), wanted);
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].offset, i + 1) << entries[i].name;
  }
  EXPECT_EQ(entries.back().inode, number_of({.pid = 42}));
  EXPECT_EQ(entries.back().type, static_cast<uint32_t>(DT_DIR));
}

TEST(ProcListing, directory_of_a_process_needs_nothing_of_the_guest) {
  const auto entries = parse(listing_of({.pid = 7}, nullptr, 0, kPlenty));
  ASSERT_EQ(entries.size(), 2 + entries_of({.pid = 7}).size());
  EXPECT_EQ(entries[0].inode, number_of({.pid = 7}));
}

TEST(ProcListing, goes_on_where_it_was_left_whatever_the_room) {
  ProcDirectory known;
  for (uint32_t pid = 1; pid <= 300; ++pid) {
    known.pids.push_back(pid);
  }
  const auto whole = names_of(parse(listing_of(kTop, &known, 0, kPlenty)));
  for (const size_t room : {size_t{32}, size_t{33}, size_t{64}, size_t{100}, size_t{4096}}) {
    std::vector<std::string> names;
    uint64_t offset = 0;
    while (true) {
      const std::string text = listing_of(kTop, &known, offset, room);
      EXPECT_LE(text.size(), room);
      const auto entries = parse(text);
      if (entries.empty()) {
        break;
      }
      offset = entries.back().offset;
      for (const Seen& entry : entries) {
        names.push_back(entry.name);
      }
    }
    EXPECT_EQ(names, whole) << room;
  }
}

TEST(ProcListing, room_of_an_entry_to_the_byte_is_enough_and_a_byte_less_is_not) {
  const size_t one =
      listing_of({.pid = 7}, nullptr, 0, kPlenty).size() - listing_of({.pid = 7}, nullptr, 1, kPlenty).size();
  EXPECT_EQ(parse(listing_of({.pid = 7}, nullptr, 0, one)).size(), 1U);
  EXPECT_EQ(listing_of({.pid = 7}, nullptr, 0, one - 1), "");
}

TEST(ProcListing, offset_past_the_end_or_of_a_strangers_making_is_the_end) {
  ProcDirectory known;
  known.pids = {1};
  const size_t count = parse(listing_of(kTop, &known, 0, kPlenty)).size();
  EXPECT_EQ(listing_of(kTop, &known, count, kPlenty), "");
  EXPECT_EQ(listing_of(kTop, &known, UINT64_MAX, kPlenty), "");
  EXPECT_EQ(parse(listing_of(kTop, &known, count - 1, kPlenty)).size(), 1U);
}

}  // namespace
}  // namespace caisson::vmm
