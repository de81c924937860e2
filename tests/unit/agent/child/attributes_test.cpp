// SPDX-License-Identifier: Apache-2.0
// What a process carries beside its identity.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, rlimits_apply) {
  auto request = container_request("c", 1, {"sh", "-c", "ulimit -n; ulimit -f"});
  auto* limit = request.mutable_init()->add_rlimits();
  limit->set_resource(RLIMIT_NOFILE);
  limit->set_soft(77);
  limit->set_hard(88);
  limit = request.mutable_init()->add_rlimits();
  // Not that of core files: sudo(8) lowers it, and not every host lets its root raise it again.
  limit->set_resource(RLIMIT_FSIZE);
  limit->set_soft(~uint64_t{0});
  limit->set_hard(~uint64_t{0});
  EXPECT_EQ(run(request).out, "77\nunlimited\n");
}

TEST_F(AgentContainer, limit_of_the_caller_beyond_what_there_can_be_is_the_most_there_can_be) {
  auto request = container_request("c", 1, {"sh", "-c", "ulimit -Sn; ulimit -Hn"});
  rlimit own{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
  auto* limit = request.mutable_init()->add_rlimits();
  limit->set_resource(RLIMIT_NOFILE);
  limit->set_soft(55);
  limit->set_hard(~uint64_t{0});
  limit->set_of_caller(true);
  EXPECT_EQ(run(request).out, "55\n" + std::to_string(own.rlim_max) + "\n");
}

TEST_F(AgentContainer, working_directory_is_made) {
  auto request = container_request("c", 1, {"pwd"});
  request.mutable_init()->set_cwd("/made/for/it");
  EXPECT_EQ(run(request).out, "/made/for/it\n");
}

TEST_F(AgentContainer, working_directory_outside_of_the_root_is_refused) {
  auto request = container_request("c", 1, {"pwd"});
  request.mutable_init()->set_cwd("/proc/self/fd/3/../../..");
  const Outcome outcome = run(request);
  // The name is walked inside the root; wherever it ends, it is not the guest's tree.
  EXPECT_TRUE(outcome.exit_code == 999 || outcome.out.starts_with("/")) << outcome.out;
  EXPECT_EQ(outcome.out.find("work"), std::string::npos);
}

}  // namespace
}  // namespace caisson::test
