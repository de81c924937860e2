// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/runtime/launch/annotated.h"

namespace caisson::runtime {
namespace {

TEST(MachineSettings, instructions_are_counted_when_asked) {
  EXPECT_FALSE(machine_settings({})->machine.count_instructions);
  EXPECT_TRUE(machine_settings(with_annotation("count-instructions", "true"))->machine.count_instructions);
  EXPECT_FALSE(machine_settings(with_annotation("count-instructions", "yes")));
}

TEST(MachineSettings, kernel_arguments_are_printable_and_short) {
  const auto with = [](const std::string& words) {
    ::setenv("CAISSON_KERNEL_ARGUMENTS", words.c_str(), 1);
    auto settings = machine_settings({});
    ::unsetenv("CAISSON_KERNEL_ARGUMENTS");
    return settings;
  };
  EXPECT_EQ(machine_settings({})->machine.extra_kernel_arguments, "");
  EXPECT_EQ(with("nohz=off loglevel=7")->machine.extra_kernel_arguments, "nohz=off loglevel=7");
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
