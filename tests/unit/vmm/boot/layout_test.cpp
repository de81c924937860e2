// SPDX-License-Identifier: Apache-2.0
// docs/memory-map.md and layout.h say the same.
#include "vmm/boot/layout.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/support/source_directory.h"

namespace caisson::vmm {
namespace {

std::string memory_map() {
  std::stringstream text;
  text << std::ifstream(std::string(test::kSourceDirectory) + "/docs/memory-map.md").rdbuf();
  return text.str();
}

// As the page writes them: groups of four digits.
std::string written(uint64_t address) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%04x_%04x", static_cast<unsigned>(address >> 16U),
                static_cast<unsigned>(address & 0xffffU));
  return text.data();
}

TEST(layout, every_address_is_in_the_memory_map) {
  const std::string map = memory_map();
  for (const GuestAddress address :
       {layout::kGdt, layout::kBootParams, layout::kPageTables, layout::kCommandLine, layout::kSetupData,
        layout::kVirtioMmio, layout::kIoApic, layout::kLocalApic, layout::kKvmIdentityMap, layout::kKvmTss,
        GuestAddress{layout::kLowRamEnd}, GuestAddress{layout::kHighRamStart},
        GuestAddress{GuestMemory::kHoleStart}}) {
    EXPECT_THAT(map, ::testing::HasSubstr(written(to_u64(address))));
  }
}

TEST(layout, pieces_do_not_overlap) {
  EXPECT_LE(to_u64(layout::kGdt) + 32, to_u64(layout::kBootParams));
  EXPECT_LE(to_u64(layout::kBootParams) + 4096, to_u64(layout::kPageTables));
  EXPECT_LE(to_u64(layout::kPageTables) + 3 * 4096, to_u64(layout::kCommandLine));
  EXPECT_LE(to_u64(layout::kCommandLine) + 2048, to_u64(layout::kSetupData));
  EXPECT_LT(to_u64(layout::kSetupData), layout::kLowRamEnd);
  EXPECT_GE(to_u64(layout::kVirtioMmio), GuestMemory::kHoleStart);
}

}  // namespace
}  // namespace caisson::vmm
