// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <set>

#include "runtime/commands/command.h"

namespace caisson::runtime {
namespace {

TEST(CommandTable, verbs_have_names_of_their_own_and_say_what_they_do) {
  std::set<std::string> names;
  for (const CommandEntry& entry : command_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_GT(std::string(entry.summary).size(), 10U) << entry.name;
  }
  // [oci] runtime.md, "Operations", and what engines call beside them.
  for (const char* verb : {"create", "start", "state", "kill", "delete", "run", "exec", "ps", "pause",
                           "resume", "update", "events", "list", "spec", "features"}) {
    EXPECT_TRUE(names.contains(verb)) << verb;
  }
}

TEST(CommandTable, verbs_declare_options_that_do_not_clash) {
  const std::vector<std::string> after;
  for (const CommandEntry& entry : command_table()) {
    CLI::App program;
    const auto command = entry.make();
    ASSERT_NE(command, nullptr) << entry.name;
    EXPECT_NO_THROW(command->declare(Options(*program.add_subcommand(entry.name), after))) << entry.name;
  }
}

TEST(CommandTable, failure_is_1_and_that_of_exec_runcs) {
  for (const CommandEntry& entry : command_table()) {
    EXPECT_EQ(entry.make()->failure_code(), std::string_view(entry.name) == "exec" ? 255 : 1) << entry.name;
  }
}

TEST(Globals, without_a_cgroup_may_go_who_says_so_or_is_not_root) {
  Globals globals;
  globals.rootless = "true";
  EXPECT_EQ(globals.cgroup_policy(), CgroupPolicy::best_effort);
  globals.rootless = "false";
  EXPECT_EQ(globals.cgroup_policy(), CgroupPolicy::required);
  globals.rootless = "auto";
  EXPECT_EQ(globals.cgroup_policy(), ::geteuid() == 0 ? CgroupPolicy::required : CgroupPolicy::best_effort);
}

}  // namespace
}  // namespace caisson::runtime
