// SPDX-License-Identifier: Apache-2.0
// The gate to guest memory: bounds, layout around the hole, and what a vhost-user front end may not describe.
#include "vmm/memory/guest_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <fstream>

namespace caisson::vmm {
namespace {

constexpr uint64_t kPage = 4096;

UniqueFd file_of(size_t size) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

std::vector<GuestMemory::Foreign> one_region(uint64_t start, uint64_t size, uint64_t offset,
                                             size_t file_size) {
  std::vector<GuestMemory::Foreign> regions;
  regions.push_back({GuestAddress{start}, size, offset, file_of(file_size)});
  return regions;
}

TEST(guest_memory, create_below_the_hole_is_one_region) {
  const auto memory = GuestMemory::create(64 * kPage);
  ASSERT_TRUE(memory);
  ASSERT_EQ(memory->regions().size(), 1U);
  EXPECT_EQ(memory->regions()[0].size_bytes, 64 * kPage);
  EXPECT_EQ(memory->load<uint64_t>(GuestAddress{64 * kPage - 8}).value(), 0U);
}

TEST(guest_memory, create_past_the_hole_continues_at_4_gib) {
  const auto memory = GuestMemory::create(GuestMemory::kHoleStart + kPage);
  ASSERT_TRUE(memory);
  ASSERT_EQ(memory->regions().size(), 2U);
  EXPECT_EQ(to_u64(memory->regions()[1].start), GuestMemory::kHoleEnd);
  EXPECT_EQ(memory->regions()[1].fd_offset, GuestMemory::kHoleStart);
  EXPECT_TRUE(memory->store(GuestAddress{GuestMemory::kHoleEnd}, uint32_t{7}));
  EXPECT_FALSE(memory->span(GuestAddress{GuestMemory::kHoleStart}, 1));
}

TEST(guest_memory, create_private_pages_has_the_same_layout_and_no_file) {
  const auto memory =
      GuestMemory::create(GuestMemory::kHoleStart + kPage, GuestMemory::Backing::private_pages);
  ASSERT_TRUE(memory);
  ASSERT_EQ(memory->regions().size(), 2U);
  EXPECT_EQ(memory->regions()[0].fd, -1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->regions()[0].host) % (uintptr_t{2} << 20), 0U);
  EXPECT_EQ(to_u64(memory->regions()[1].start), GuestMemory::kHoleEnd);
  EXPECT_TRUE(memory->store(GuestAddress{GuestMemory::kHoleStart - 4}, uint32_t{7}));
  EXPECT_EQ(memory->load<uint32_t>(GuestAddress{GuestMemory::kHoleEnd + kPage - 4}).value(), 0U);
}

TEST(guest_memory, create_odd_or_no_size_is_refused) {
  EXPECT_FALSE(GuestMemory::create(0));
  EXPECT_FALSE(GuestMemory::create(kPage + 1));
}

TEST(guest_memory, create_file_cannot_be_shrunk) {
  const auto memory = GuestMemory::create(kPage);
  ASSERT_TRUE(memory);
  EXPECT_LT(::ftruncate(memory->regions()[0].fd, 0), 0);
}

size_t mapped_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  statm >> pages;
  return pages * kPage;
}

TEST(guest_memory, map_of_part_of_a_page_leaves_no_mapping_behind) {
  constexpr int kRounds = 64;
  ASSERT_TRUE(GuestMemory::map(one_region(0, 3 * kPage + 1, 0, 4 * kPage)));
  const size_t before = mapped_bytes();
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(GuestMemory::map(one_region(0, 3 * kPage + 1, 0, 4 * kPage)));
  }
  // Each round reserves 2 MiB more than it maps; the heap may grow by a little meanwhile.
  EXPECT_LT(mapped_bytes(), before + size_t{kRounds} * (size_t{1} << 20));
}

TEST(guest_memory, span_past_the_end_is_refused) {
  std::array<std::byte, 64> bytes{};
  const GuestMemory memory = GuestMemory::borrow(GuestAddress{0x1000}, bytes);
  EXPECT_TRUE(memory.span(GuestAddress{0x1000}, 64));
  EXPECT_TRUE(memory.span(GuestAddress{0x103f}, 1));
  EXPECT_FALSE(memory.span(GuestAddress{0x1000}, 65));
  EXPECT_FALSE(memory.span(GuestAddress{0x1040}, 1));
  EXPECT_FALSE(memory.span(GuestAddress{0xfff}, 2));
}

TEST(guest_memory, span_whose_end_wraps_is_refused) {
  std::array<std::byte, 64> bytes{};
  const GuestMemory memory = GuestMemory::borrow(GuestAddress{0x1000}, bytes);
  EXPECT_FALSE(memory.span(GuestAddress{0x1010}, UINT64_MAX));
  EXPECT_FALSE(memory.span(GuestAddress{UINT64_MAX}, 2));
}

TEST(guest_memory, load_across_the_end_is_refused) {
  std::array<std::byte, 6> bytes{};
  const GuestMemory memory = GuestMemory::borrow(GuestAddress{0}, bytes);
  EXPECT_TRUE(memory.load<uint32_t>(GuestAddress{2}));
  EXPECT_FALSE(memory.load<uint32_t>(GuestAddress{3}));
  EXPECT_FALSE(memory.store(GuestAddress{3}, uint32_t{1}));
}

TEST(guest_memory, map_foreign_shares_the_file) {
  UniqueFd fd = file_of(2 * kPage);
  UniqueFd second(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  std::vector<GuestMemory::Foreign> regions;
  regions.push_back({GuestAddress{0x8000}, kPage, kPage, std::move(fd)});
  const auto memory = GuestMemory::map(std::move(regions));
  ASSERT_TRUE(memory);
  ASSERT_TRUE(memory->store(GuestAddress{0x8000}, uint32_t{0x1234}));
  uint32_t seen = 0;
  ASSERT_EQ(::pread(second.get(), &seen, sizeof(seen), kPage), 4);
  EXPECT_EQ(seen, 0x1234U);
}

TEST(guest_memory, map_region_larger_than_its_file_is_refused) {
  EXPECT_FALSE(GuestMemory::map(one_region(0, 2 * kPage, 0, kPage)));
  EXPECT_FALSE(GuestMemory::map(one_region(0, kPage, kPage, kPage)));
  EXPECT_FALSE(GuestMemory::map(one_region(0, kPage, uint64_t{1} << 60, kPage)));
}

TEST(guest_memory, map_empty_wrapping_or_misaligned_region_is_refused) {
  EXPECT_FALSE(GuestMemory::map({}));
  EXPECT_FALSE(GuestMemory::map(one_region(0, 0, 0, kPage)));
  EXPECT_FALSE(GuestMemory::map(one_region(UINT64_MAX - kPage + 1, kPage + 1, 0, 4 * kPage)));
  EXPECT_FALSE(GuestMemory::map(one_region(0, kPage, 1, 4 * kPage)));
}

TEST(guest_memory, map_overlapping_regions_is_refused) {
  std::vector<GuestMemory::Foreign> regions;
  regions.push_back({GuestAddress{kPage}, 2 * kPage, 0, file_of(2 * kPage)});
  regions.push_back({GuestAddress{0}, 2 * kPage, 0, file_of(2 * kPage)});
  EXPECT_FALSE(GuestMemory::map(std::move(regions)));
}

TEST(guest_memory, map_bad_descriptor_is_refused) {
  std::vector<GuestMemory::Foreign> regions;
  regions.push_back({GuestAddress{0}, kPage, 0, UniqueFd()});
  EXPECT_FALSE(GuestMemory::map(std::move(regions)));
}

TEST(guest_memory, huge_pages_keep_the_content_and_cover_only_ram) {
  constexpr size_t kBytes = 4 * GuestMemory::kHugePageBytes;
  for (const auto backing : {GuestMemory::Backing::shared_file, GuestMemory::Backing::private_pages}) {
    const auto memory = GuestMemory::create(kBytes, backing).value();
    const GuestAddress second{GuestMemory::kHugePageBytes + 1};
    ASSERT_TRUE(memory.store(second, uint8_t{42}));
    // From the middle of the second huge page to far behind the last: three are touched, where the host can.
    const uint64_t backed = memory.back_with_huge_pages(second, 10 * kBytes);
    EXPECT_TRUE(backed == 0 || backed == 3 * GuestMemory::kHugePageBytes) << backed;
    EXPECT_EQ(memory.load<uint8_t>(second).value(), 42);
    EXPECT_EQ(memory.back_with_huge_pages(GuestAddress{kBytes}, kBytes), 0U);
  }
}

}  // namespace
}  // namespace caisson::vmm
