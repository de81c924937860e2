// SPDX-License-Identifier: Apache-2.0
// What a child sheds before it is the container's.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, program_that_names_proc_self_exe_gets_no_hold_of_the_agent) {
  std::ofstream(agent_->rootfs() / "evil") << "#!/proc/self/exe\n";
  ::chmod((agent_->rootfs() / "evil").c_str(), 0755);
  const Outcome outcome = run(container_request("c", 1, {"/evil"}));
  EXPECT_NE(outcome.exit_code, 0U);
  EXPECT_TRUE(agent_->connect()->handshake(soon())) << "the agent lives";
}

}  // namespace
}  // namespace caisson::test
