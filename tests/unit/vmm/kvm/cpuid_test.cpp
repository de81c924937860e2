// SPDX-License-Identifier: Apache-2.0
// CPUID as Linux reads topology from it: every leaf tells the same.
#include "vmm/kvm/cpuid.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace caisson::vmm {
namespace {

kvm_cpuid_entry2 leaf(uint32_t function, uint32_t index = 0) {
  kvm_cpuid_entry2 entry{};
  entry.function = function;
  entry.index = index;
  return entry;
}

kvm_cpuid_entry2 find(const std::vector<kvm_cpuid_entry2>& table, uint32_t function, uint32_t index = 0) {
  const auto found = std::ranges::find_if(
      table, [&](const auto& entry) { return entry.function == function && entry.index == index; });
  EXPECT_NE(found, table.end()) << std::hex << function << "." << index;
  return found == table.end() ? leaf(function, index) : *found;
}

TEST(cpuid, features_say_hypervisor_deadline_timer_and_apic_id) {
  const std::vector host = {leaf(1)};
  const auto entry = find(make_cpuid(host, 3, 4), 1);
  EXPECT_EQ(entry.ebx >> 24U, 3U);
  EXPECT_EQ((entry.ebx >> 16U) & 0xffU, 4U);
  EXPECT_EQ(entry.ecx & (1U << 31U | 1U << 24U), 1U << 31U | 1U << 24U);
  EXPECT_EQ(entry.edx >> 28U & 1U, 1U);
  EXPECT_EQ(find(make_cpuid(host, 0, 1), 1).edx >> 28U & 1U, 0U);
}

TEST(cpuid, topology_counts_cores_without_threads) {
  const std::vector host = {leaf(0xb, 0)};
  const auto table = make_cpuid(host, 2, 3);
  EXPECT_EQ(find(table, 0xb, 0).ebx, 1U);
  EXPECT_EQ(find(table, 0xb, 0).eax, 0U);
  const auto cores = find(table, 0xb, 1);
  EXPECT_EQ(cores.ebx, 3U);
  EXPECT_EQ(cores.eax, 2U);  // bits to shift away to get the package
  EXPECT_EQ(cores.ecx, 0x201U);
  EXPECT_EQ(cores.edx, 2U);
}

TEST(cpuid, topology_sub_leaf_of_the_host_is_not_doubled) {
  const std::vector host = {leaf(0xb, 0), leaf(0xb, 1), leaf(0xb, 2)};
  EXPECT_EQ(make_cpuid(host, 0, 2).size(), 3U);
}

TEST(cpuid, host_without_the_topology_leaf_gets_none) {
  const std::vector host = {leaf(1)};
  EXPECT_EQ(make_cpuid(host, 0, 2).size(), 1U);
}

TEST(cpuid, amd_leaves_count_cores) {
  const std::vector host = {leaf(0x8000'0008), leaf(0x8000'001e)};
  const auto table = make_cpuid(host, 5, 6);
  EXPECT_EQ(find(table, 0x8000'0008).ecx & 0xffU, 5U);
  EXPECT_EQ(find(table, 0x8000'0008).ecx >> 12U & 0xfU, 3U);
  EXPECT_EQ(find(table, 0x8000'001e).eax, 5U);
}

TEST(cpuid, apic_timer_never_stops) {
  const std::vector host = {leaf(6)};
  EXPECT_EQ(find(make_cpuid(host, 0, 1), 6).eax & 4U, 4U);
}

TEST(cpuid, last_level_cache_is_shared_by_all) {
  kvm_cpuid_entry2 first = leaf(4, 0);
  first.eax = 1U << 5U | 1U;
  kvm_cpuid_entry2 third = leaf(4, 3);
  third.eax = 3U << 5U | 3U;
  const std::vector host = {first, third, leaf(4, 4)};
  const auto table = make_cpuid(host, 0, 4);
  EXPECT_EQ(find(table, 4, 0).eax >> 14U & 0xfffU, 0U);
  EXPECT_EQ(find(table, 4, 3).eax >> 14U & 0xfffU, 3U);
  EXPECT_EQ(find(table, 4, 4).eax, 0U);  // the end of the list stays one
}

}  // namespace
}  // namespace caisson::vmm
