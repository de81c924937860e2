// SPDX-License-Identifier: Apache-2.0
// More processes in a container.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <filesystem>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/service/agent_fixture.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, exec_enters_a_container_that_waits_for_its_start) {
  const auto request = container_request("c", 1, {"true"});
  ASSERT_TRUE(client_->create_container(request, soon()));
  agent::v1::CreateProcessRequest exec;
  exec.set_container("c");
  exec.set_token(2);
  *exec.mutable_process() =
      container_request("c", 2, {"sh", "-c", "readlink /proc/1/exe; echo $$ > /tmp/pid"}).init();
  ASSERT_TRUE(client_->create_process(exec, soon()));
  EXPECT_EQ(client_->wait_process(2, soon()).value().exit_code, 0U);
  EXPECT_TRUE(std::filesystem::exists(agent_->rootfs() / "tmp/pid"));
  EXPECT_TRUE(client_->start_container("c", soon())) << "it still waited";
}

TEST_F(AgentContainer, exec_before_the_start_is_refused_where_a_time_namespace_is_entered_by_it) {
  auto request = container_request("c", 1, {"true"});
  request.add_namespaces()->set_kind(CLONE_NEWTIME);
  ASSERT_TRUE(client_->create_container(request, soon()));
  agent::v1::CreateProcessRequest exec;
  exec.set_container("c");
  exec.set_token(2);
  *exec.mutable_process() = container_request("c", 2, {"true"}).init();
  EXPECT_EQ(client_->create_process(exec, soon()).error().code, EBUSY);
}

TEST_F(AgentContainer, exec_joins_the_container_and_reports_its_own_exit) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  agent::v1::CreateProcessRequest request;
  request.set_container("c");
  request.set_token(2);
  auto& process = *request.mutable_process();
  for (const char* word : {"sh", "-c", "hostname; head -n 1 /proc/1/status; echo $$ | grep -c .; exit 5"}) {
    process.add_args(word);
  }
  process.add_env("PATH=/bin");
  process.set_cwd("/");
  process.set_attach_stdout(true);
  process.mutable_capabilities()->set_permitted(0x80000);
  ASSERT_TRUE(client_->start_container("c", soon()));
  const UniqueFd out = stream(StreamKind::standard_output, 2);
  const auto created = client_->create_process(request, soon());
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(read_all(out), "box\nName:\tsleep\n1\n");
  EXPECT_EQ(client_->wait_process(2, soon())->exit_code, 5U);

  request.set_token(3);
  process.clear_args();
  process.add_args("nothing");
  EXPECT_EQ(client_->create_process(request, soon()).error().message,
            "exec: \"nothing\": executable file not found in $PATH");
  const auto list = client_->list_processes("c", soon());
  ASSERT_TRUE(list);
  ASSERT_EQ(list->processes_size(), 1);
  EXPECT_EQ(list->processes(0).command(), "sleep 1000");

  request.set_token(4);
  process.clear_args();
  process.add_args("sleep");
  process.add_args("1000");
  ASSERT_TRUE(client_->create_process(request, soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 137U);
  EXPECT_EQ(client_->wait_process(4, soon())->exit_code, 137U) << "dies with the container";
}

}  // namespace
}  // namespace caisson::test

namespace caisson::agent {
namespace {

TEST_F(ServiceTest, process_that_is_none_and_container_that_is_not_created_are_refused) {
  test::in_namespaces([] {
    RunningAgent running;
    running.add_bare_container("c");
    v1::CreateProcessRequest request;
    request.set_container("c");
    request.set_token(7);
    expect_refused(running.client().create_process(request, soon()), EINVAL,
                   "create process: process is missing");
    request.mutable_process();
    expect_refused(running.client().create_process(request, soon()), EBUSY, "container c is not running yet");
    request.set_container("other");
    expect_refused(running.client().create_process(request, soon()), ENOENT,
                   "find container other: no such container");
  });
}

}  // namespace
}  // namespace caisson::agent
