// SPDX-License-Identifier: Apache-2.0
// What the host may ask for, and what it gets.
#include <gtest/gtest.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, process_is_pid_1_of_its_namespaces) {
  const Outcome outcome = run_shell("echo $$; hostname; pwd; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.out, "1\nbox\n/\n4\n") << outcome.err;  // the fourth is ls's own
}

TEST_F(AgentContainer, bad_requests_are_refused_by_name) {
  const auto refused = [&](const agent::v1::CreateContainerRequest& request) {
    const auto created = client_->create_container(request, soon());
    return created ? 0 : created.error().code;
  };
  EXPECT_EQ(refused(container_request("../x", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("", 1, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 0, {"true"})), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {})), EINVAL);
  auto request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("../..");
  EXPECT_EQ(refused(request), EINVAL);
  request = container_request("c", 1, {"true"});
  request.mutable_root()->set_export_name("absent");
  EXPECT_EQ(refused(request), ENOENT);
  request = container_request("c", 1, {"true"});
  request.add_namespaces()->set_kind(0x100);
  EXPECT_EQ(refused(request), EINVAL);
  EXPECT_EQ(refused(container_request("c", 1, {"true"})), 0);
}

}  // namespace
}  // namespace caisson::test
