// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace caisson::runtime {
namespace {

oci::Config with_annotation(const std::string& name, const std::string& value) {
  oci::Config config;
  config.annotations["org.caisson." + name] = value;
  return config;
}

TEST(Size, units_are_powers_of_1024) {
  EXPECT_EQ(parse_size("1024"), 1024U);
  EXPECT_EQ(parse_size("256m"), 256 * kMiB);
  EXPECT_EQ(parse_size("1.5G"), 1536 * kMiB);
  EXPECT_EQ(parse_size("64MiB"), 64 * kMiB);
  EXPECT_EQ(parse_size("10kB"), 10240U);
}

TEST(Size, nonsense_is_refused) {
  for (const char* text : {"", "m", "-1", "1x", "1mm", "1..2", "9999999999999G", ".", "1 M"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(CpuList, members_are_counted) {
  EXPECT_EQ(count_cpus("0"), 1U);
  EXPECT_EQ(count_cpus("0-3,5"), 5U);
}

TEST(CpuList, nonsense_counts_nothing) {
  for (const char* text : {"", "x", "3-1", "0-", "0-99999", "1;2", "-1"}) {
    EXPECT_EQ(count_cpus(text), 0U) << text;
  }
}

TEST(MachineSettings, defaults_are_one_cpu_and_256_mib) {
  const auto settings = machine_settings({});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->cpus, 1U);
  EXPECT_EQ(settings->memory_bytes, kDefaultMemoryBytes);
}

TEST(MachineSettings, memory_follows_from_the_limit) {
  oci::Config config;
  config.linux_.resources.memory = oci::Memory{.limit = 100 * static_cast<int64_t>(kMiB)};
  EXPECT_EQ(machine_settings(config)->memory_bytes, 150 * kMiB);
  config.linux_.resources.memory->limit = 4096;
  EXPECT_EQ(machine_settings(config)->memory_bytes, kMinimumMemoryBytes);
  config.linux_.resources.memory->limit = -1;
  EXPECT_EQ(machine_settings(config)->memory_bytes, kDefaultMemoryBytes);
}

TEST(MachineSettings, instructions_are_counted_when_asked) {
  EXPECT_FALSE(machine_settings({})->count_instructions);
  EXPECT_TRUE(machine_settings(with_annotation("count-instructions", "true"))->count_instructions);
  EXPECT_FALSE(machine_settings(with_annotation("count-instructions", "yes")));
}

TEST(MachineSettings, memory_too_small_to_boot_is_refused) {
  EXPECT_FALSE(machine_settings(with_annotation("memory", "8M")));
  EXPECT_FALSE(machine_settings(with_annotation("memory", "fish")));
  EXPECT_FALSE(machine_settings(with_annotation("memory", "900000G")));
}

TEST(MachineSettings, cpus_follow_from_quota_then_cpuset) {
  oci::Config config;
  config.linux_.resources.cpu = oci::Cpu{.quota = 250000, .period = 100000, .cpus = "0"};
  EXPECT_EQ(machine_settings(config)->cpus, 3U);
  config.linux_.resources.cpu = oci::Cpu{.cpus = "0-1"};
  EXPECT_EQ(machine_settings(config)->cpus, 2U);
  config.linux_.resources.cpu = oci::Cpu{.cpus = "fish"};
  EXPECT_FALSE(machine_settings(config));
}

TEST(MachineSettings, bad_cpu_annotations_are_refused) {
  for (const char* cpus : {"0", "65", "x", "1x", "-1"}) {
    EXPECT_FALSE(machine_settings(with_annotation("cpus", cpus))) << cpus;
  }
  EXPECT_EQ(machine_settings(with_annotation("cpus", "2"))->cpus, 2U);
}

TEST(MachineSettings, kernel_arguments_are_printable_and_short) {
  const auto with = [](const std::string& words) {
    ::setenv("CAISSON_KERNEL_ARGUMENTS", words.c_str(), 1);
    auto settings = machine_settings({});
    ::unsetenv("CAISSON_KERNEL_ARGUMENTS");
    return settings;
  };
  EXPECT_EQ(machine_settings({})->extra_kernel_arguments, "");
  EXPECT_EQ(with("nohz=off loglevel=7")->extra_kernel_arguments, "nohz=off loglevel=7");
  EXPECT_TRUE(with(std::string(1024, 'a')));
  for (const std::string& words : {std::string(1025, 'a'), std::string("a\nb"), std::string("\xc3\xa4")}) {
    const auto refused = with(words);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("CAISSON_KERNEL_ARGUMENTS"), std::string::npos);
  }
}

TEST(MachineSettings, unknown_hypervisor_is_refused) {
  EXPECT_FALSE(machine_settings(with_annotation("hypervisor", "xen")));
  EXPECT_EQ(machine_settings(with_annotation("hypervisor", "qemu"))->hypervisor, Hypervisor::qemu);
}

}  // namespace
}  // namespace caisson::runtime
