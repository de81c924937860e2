// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/host_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/launch/guest_size.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr HostAbilities kAll{.has_files = true, .has_memory = true, .runs_kvm = true, .has_qemu = true};

TEST(HostAbilities, one_machine_is_enough) {
  HostAbilities host = kAll;
  EXPECT_TRUE(host.run_containers());
  host.runs_kvm = false;
  EXPECT_TRUE(host.run_containers());
  EXPECT_THAT(conclusion_of(host), HasSubstr("QEMU's software emulation"));
  host = kAll;
  host.has_qemu = false;
  EXPECT_TRUE(host.run_containers());
  EXPECT_EQ(conclusion_of(host), "containers run with KVM");
}

TEST(HostAbilities, without_a_machine_that_is_said) {
  const HostAbilities host{.has_files = true, .has_memory = true};
  EXPECT_FALSE(host.run_containers());
  EXPECT_THAT(conclusion_of(host), StartsWith("containers cannot run on this host"));
  EXPECT_THAT(conclusion_of(host), HasSubstr("\nneither KVM nor QEMU is usable"));
}

TEST(HostAbilities, without_files_or_memory_containers_cannot_run) {
  HostAbilities host = kAll;
  host.has_files = false;
  EXPECT_FALSE(host.run_containers());
  EXPECT_EQ(conclusion_of(host), "containers cannot run on this host: see the lines marked BAD");
  host = kAll;
  host.has_memory = false;
  EXPECT_FALSE(host.run_containers());
}

TEST(MemoryFinding, is_bad_below_what_a_container_gets) {
  EXPECT_EQ(memory_finding(kDefaultMemoryBytes, 0).mark, Finding::Mark::good);
  EXPECT_EQ(memory_finding(kDefaultMemoryBytes - 1, 0).mark, Finding::Mark::bad);
  EXPECT_EQ(memory_finding(512 * kMiB, 100 * kMiB).text,
            "512 MiB, 100 MiB free; a container gets 256 MiB unless it has a limit");
}

TEST(FindProgram, is_the_first_that_may_be_executed) {
  const test::ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "a");
  std::filesystem::create_directory(scratch / "b");
  scratch.write("a/tool", "");
  scratch.write("b/tool", "");
  ::chmod((scratch / "b/tool").c_str(), 0755);
  const std::string a = scratch / "a";
  const std::string b = scratch / "b";
  EXPECT_EQ(find_program("tool", a + ":" + b), b + "/tool");
  EXPECT_EQ(find_program("tool", a), "");
  EXPECT_EQ(find_program("tool", ""), "");
  ::chmod((scratch / "a/tool").c_str(), 0755);
  EXPECT_EQ(find_program("tool", a + ":" + b), a + "/tool");
}

}  // namespace
}  // namespace caisson::runtime
