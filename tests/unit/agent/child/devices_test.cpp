// SPDX-License-Identifier: Apache-2.0
// /dev of a container.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, devices_and_links_are_there_and_work) {
  const Outcome outcome = run_shell(
      "for d in null zero full random urandom tty; do stat -c '%n %t:%T %a' /dev/$d; done; "
      "for l in fd stdin ptmx; do readlink /dev/$l; done; echo x >/dev/null; echo y >/dev/stderr");
  EXPECT_NE(outcome.out.find("/dev/null 1:3 666\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("/dev/tty 5:0 666\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("/proc/self/fd\n/proc/self/fd/0\npts/ptmx\n"), std::string::npos);
  EXPECT_EQ(outcome.err, "y\n");
}

}  // namespace
}  // namespace caisson::test
