// SPDX-License-Identifier: Apache-2.0
// The guest's command line, and that docs/boot-command-line.md explains every word of it.
#include "vmm/machine/command_line.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/support/source_directory.h"

namespace caisson::vmm {
namespace {

using ::testing::HasSubstr;

TEST(KernelCommandLine, every_word_is_in_the_docs) {
  std::stringstream page;
  page << std::ifstream(std::string(test::kSourceDirectory) + "/docs/boot-command-line.md").rdbuf();
  MachineConfig config;
  config.memory_bytes = uint64_t{8} << 30;
  std::istringstream words(kernel_command_line(config, {}));
  for (std::string word; words >> word;) {
    EXPECT_THAT(page.str(), HasSubstr("`" + word + "`"));
  }
}

TEST(KernelCommandLine, linux_boots_with_part_of_a_machine_that_may_grow) {
  MachineConfig config;
  config.memory_bytes = uint64_t{150} << 20;
  config.max_memory_bytes = uint64_t{1} << 30;
  EXPECT_THAT(kernel_command_line(config, {}), HasSubstr(" memmap=150M"));
  EXPECT_THAT(kernel_command_line(config, {}), ::testing::Not(HasSubstr("maxcpus")));
  config.max_cpus = 4;
  EXPECT_THAT(kernel_command_line(config, {}), HasSubstr(" maxcpus=1"));
  config.memory_bytes = uint64_t{3} << 30;
  config.max_memory_bytes = uint64_t{5} << 30;
  EXPECT_THAT(kernel_command_line(config, {}), HasSubstr(" memmap=4096M"));
}

TEST(KernelCommandLine, console_logs_and_extra_words_come_last) {
  MachineConfig config;
  config.console = true;
  config.extra_kernel_arguments = "one two=2";
  const std::string line = kernel_command_line(config, "mine");
  EXPECT_THAT(line, HasSubstr(" loglevel=7 mine "));
  EXPECT_THAT(line, ::testing::Not(HasSubstr("quiet")));
  EXPECT_TRUE(line.ends_with(" one two=2"));
}

TEST(KernelCommandLine, no_bounce_buffer_is_reserved_above_3_gib) {
  MachineConfig config;
  config.memory_bytes = GuestMemory::kHoleStart;
  EXPECT_THAT(kernel_command_line(config, {}), ::testing::Not(HasSubstr("swiotlb")));
  config.memory_bytes += uint64_t{1} << 20;
  EXPECT_THAT(kernel_command_line(config, {}), HasSubstr("swiotlb=noforce"));
}

TEST(MachineSize, the_largest_it_may_become_counts) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  MachineConfig config;
  config.cpus = 2;
  config.memory_bytes = 32 * kMiB;
  EXPECT_TRUE(check_size(config, 32 * kMiB));
  EXPECT_FALSE(check_size(config, 33 * kMiB));
  config.max_cpus = kMostCpus;
  config.max_memory_bytes = kMaxMachineMemoryBytes;
  EXPECT_TRUE(check_size(config, 32 * kMiB));
  config.max_cpus = kMostCpus + 1;
  EXPECT_FALSE(check_size(config, 32 * kMiB));
  config.max_cpus = 1;  // less than it boots with: that, then
  EXPECT_EQ(config.all_cpus(), 2U);
  EXPECT_TRUE(check_size(config, 32 * kMiB));
  for (const uint64_t bytes : {kMaxMachineMemoryBytes + kMiB, 64 * kMiB + 4096}) {
    config.max_memory_bytes = bytes;
    EXPECT_FALSE(check_size(config, 32 * kMiB)) << bytes;
  }
}

}  // namespace
}  // namespace caisson::vmm
