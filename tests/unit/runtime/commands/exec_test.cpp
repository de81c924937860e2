// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch_directory.h"
#include "tests/unit/runtime/commands/verb.h"

namespace caisson::runtime {
namespace {

class ExecVerb : public ::testing::Test {
 protected:
  [[nodiscard]] std::string error(std::vector<std::string> arguments) const {
    return run_verb(make_exec, std::move(arguments), scratch_ / "root").error();
  }

  test::ScratchDirectory scratch_;
};

TEST_F(ExecVerb, wants_a_container) {
  EXPECT_EQ(error({}), "no container given; usage: caisson exec [options] CONTAINER COMMAND");
  EXPECT_THAT(error({"none", "ls"}), ::testing::HasSubstr("does not exist"));
}

TEST_F(ExecVerb, labels_are_refused_unless_they_are_empty) {
  for (const char* option : {"--process-label", "--apparmor"}) {
    EXPECT_EQ(error({option, "x", "none", "ls"}),
              "--process-label and --apparmor: the guest has neither SELinux nor AppArmor; leave them out");
    EXPECT_THAT(error({option, "", "none", "ls"}), ::testing::HasSubstr("does not exist"));
  }
}

TEST_F(ExecVerb, cgroup_of_v1_is_refused_before_the_container_is_looked_for) {
  EXPECT_THAT(error({"--cgroup", "cpu:/a", "none", "ls"}), ::testing::StartsWith("--cgroup cpu:/a: "));
}

TEST_F(ExecVerb, unknown_option_is_refused) {
  EXPECT_FALSE(run_verb(make_exec, {"--fish", "none", "ls"}, scratch_ / "root").is_parsed);
}

}  // namespace
}  // namespace caisson::runtime
