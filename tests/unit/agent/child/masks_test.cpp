// SPDX-License-Identifier: Apache-2.0
// Paths that are masked or read-only.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, masked_paths_read_empty_and_readonly_paths_refuse_writes) {
  const Outcome outcome = run_shell(
      "wc -c </proc/timer_list; ls /proc/scsi 2>/dev/null | wc -l; echo 1 >/proc/sys/kernel/domainname; echo "
      "$?");
  EXPECT_EQ(outcome.out, "0\n0\n1\n") << outcome.err;
}

TEST_F(AgentContainer, mask_of_a_file_cannot_be_changed_itself) {
  // It is /dev/null of the guest.
  const Outcome outcome = run_shell("chmod 600 /proc/timer_list; echo $?; stat -c %a /dev/null");
  EXPECT_EQ(outcome.out, "1\n666\n") << outcome.err;
}

}  // namespace
}  // namespace caisson::test
