// SPDX-License-Identifier: Apache-2.0
// Guest memory as a hostile front end may describe it.
#include "vmm/virtio/transport/vhost_user/memory_table.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

namespace caisson::vmm::vhost_user {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kUser = 0x7f00'0000'0000;

UniqueFd file_of(uint64_t bytes) {
  UniqueFd fd(::memfd_create("memory", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(bytes)), 0);
  return fd;
}

std::vector<SharedRegion> one(MemoryRegion region, UniqueFd fd) {
  std::vector<SharedRegion> regions;
  regions.push_back({.region = region, .fd = std::move(fd)});
  return regions;
}

int code_of(MemoryRegion region, UniqueFd fd) {
  const auto table = MemoryTable::create(one(region, std::move(fd)));
  return table ? 0 : table.error().code;
}

TEST(VhostUserMemoryTable, region_that_ends_with_its_file_is_taken) {
  EXPECT_EQ(
      code_of({.guest_address = 0, .size_bytes = 2 * kPage, .user_address = kUser, .mmap_offset = kPage},
              file_of(3 * kPage)),
      0);
}

TEST(VhostUserMemoryTable, region_past_the_end_of_its_file_is_refused) {
  const MemoryRegion region{
      .guest_address = 0, .size_bytes = 2 * kPage, .user_address = kUser, .mmap_offset = kPage};
  EXPECT_EQ(code_of(region, file_of(3 * kPage - 1)), EPROTO);
}

TEST(VhostUserMemoryTable, offset_past_the_end_of_the_file_is_refused) {
  EXPECT_EQ(
      code_of({.guest_address = 0, .size_bytes = kPage, .user_address = kUser, .mmap_offset = 2 * kPage},
              file_of(kPage)),
      EPROTO);
  // The sum wraps to within the file.
  EXPECT_EQ(code_of({.guest_address = 0,
                     .size_bytes = 2 * kPage,
                     .user_address = kUser,
                     .mmap_offset = UINT64_MAX - kPage + 1},
                    file_of(4 * kPage)),
            EPROTO);
}

TEST(VhostUserMemoryTable, empty_region_is_refused) {
  EXPECT_EQ(
      code_of({.guest_address = 0, .size_bytes = 0, .user_address = kUser, .mmap_offset = 0}, file_of(kPage)),
      EPROTO);
}

TEST(VhostUserMemoryTable, region_whose_addresses_wrap_is_refused) {
  const uint64_t last = UINT64_MAX - kPage + 1;
  EXPECT_EQ(code_of({.guest_address = 0, .size_bytes = 2 * kPage, .user_address = last, .mmap_offset = 0},
                    file_of(2 * kPage)),
            EPROTO);
  EXPECT_NE(code_of({.guest_address = last, .size_bytes = 2 * kPage, .user_address = kUser, .mmap_offset = 0},
                    file_of(2 * kPage)),
            0);
}

TEST(VhostUserMemoryTable, what_is_no_file_backs_nothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd other(ends[1]);
  EXPECT_EQ(code_of({.guest_address = 0, .size_bytes = kPage, .user_address = kUser, .mmap_offset = 0},
                    UniqueFd(ends[0])),
            EPROTO);
}

TEST(VhostUserMemoryTable, address_is_translated_by_the_region_it_lies_in) {
  std::vector<SharedRegion> regions =
      one({.guest_address = 0x10000, .size_bytes = kPage, .user_address = kUser, .mmap_offset = 0},
          file_of(kPage));
  regions.push_back({.region = {.guest_address = 0x80000,
                                .size_bytes = 2 * kPage,
                                .user_address = kUser + 0x10000,
                                .mmap_offset = 0},
                     .fd = file_of(2 * kPage)});
  const auto table = MemoryTable::create(std::move(regions));
  ASSERT_TRUE(table);
  EXPECT_EQ(to_u64(table->translate(kUser).value()), 0x10000U);
  EXPECT_EQ(to_u64(table->translate(kUser + kPage - 1).value()), 0x10000U + kPage - 1);
  EXPECT_EQ(to_u64(table->translate(kUser + 0x10000 + kPage).value()), 0x80000U + kPage);
  for (const uint64_t outside : {uint64_t{0}, kUser - 1, kUser + kPage, kUser + 0x10000 - 1,
                                 kUser + 0x10000 + 2 * kPage, UINT64_MAX}) {
    const auto address = table->translate(outside);
    ASSERT_FALSE(address) << outside;
    EXPECT_EQ(address.error().code, EPROTO);
  }
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
