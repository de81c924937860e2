// SPDX-License-Identifier: Apache-2.0
// Containers made by the real agent on this host, seen from the host's side of the contract: their lives,
// their streams.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, handshake_names_version_and_kernel) {
  const auto response = client_->handshake(soon());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->protocol(), 1U);
  EXPECT_FALSE(response->kernel_release().empty());
}

// CPU time of the agent, the only child of unshare(1), in clock ticks.
uint64_t ticks_of_agent(pid_t parent) {
  std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children");
  pid_t agent = 0;
  children >> agent;
  std::ifstream stat("/proc/" + std::to_string(agent) + "/stat");
  std::string word;
  for (int field = 1; field < 14; ++field) {
    stat >> word;
  }
  uint64_t user = 0;
  uint64_t system = 0;
  stat >> user >> system;
  return user + system;
}

TEST_F(AgentContainer, host_that_lets_go_of_the_events_does_not_keep_the_agent_busy) {
  agent_->close_events();
  ASSERT_TRUE(client_->handshake(soon()));
  const uint64_t before = ticks_of_agent(agent_->pid());
  // No answer is to come: the deadline is the time in which a busy agent would be seen.
  EXPECT_EQ(client_->wait_process(1, agent::deadline_in(std::chrono::seconds(2))).error().code, ETIMEDOUT);
  EXPECT_LE(ticks_of_agent(agent_->pid()) - before, 2U);
}

TEST_F(AgentContainer, signal_ends_it_with_128_plus_n) {
  ASSERT_TRUE(client_->create_container(container_request("c", 1, {"sleep", "1000"}), soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  const auto exit = client_->wait_process(1, soon());
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->exit_code, 137U);
  EXPECT_EQ(exit->signal, 9U);
}

TEST_F(AgentContainer, process_is_pid_1_of_its_namespaces) {
  const Outcome outcome = run_shell("echo $$; hostname; pwd; ls /proc/self/fd | wc -l");
  EXPECT_EQ(outcome.out, "1\nbox\n/\n4\n") << outcome.err;  // the fourth is ls's own
}

TEST_F(AgentContainer, missing_program_is_told_by_create_in_the_words_engines_know) {
  const Outcome outcome = run(container_request("c", 1, {"nothing"}));
  EXPECT_EQ(outcome.err, "exec: \"nothing\": executable file not found in $PATH");
}

TEST_F(AgentContainer, program_that_is_not_executable_is_permission_denied) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec: \"/etc/file\": permission denied");
}

TEST_F(AgentContainer, program_of_no_known_format_is_told_by_start) {
  std::ofstream(agent_->rootfs() / "etc/file") << "x";
  ::chmod((agent_->rootfs() / "etc/file").c_str(), 0755);
  const Outcome outcome = run(container_request("c", 1, {"/etc/file"}));
  EXPECT_EQ(outcome.err, "exec /etc/file: exec format error");
}

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

agent::v1::ReadProcResponse read_proc(agent::AgentClient& client, uint32_t pid) {
  const uint32_t call = client.start_read_proc("c", pid, soon()).value();
  return client.finish_read_proc(call, soon()).value();
}

TEST_F(AgentContainer, proc_shows_its_processes_as_it_counts_them) {
  if (const UniqueFd processes(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
      ::ioctl(processes.get(), _IOR(0xb7, 0x9, int), ::getpid()) < 0) {
    GTEST_SKIP() << "host: its kernel does not translate pids, it is older than Linux 6.11";
  }
  auto request = container_request("c", 1, {"sh", "-c", "sleep 1000 & exec sleep 1001"});
  auto* mapping = request.add_uid_mappings();
  mapping->set_host_id(100000);
  mapping->set_size(65536);
  *request.add_gid_mappings() = *mapping;
  request.add_namespaces()->set_kind(CLONE_NEWUSER);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  auto top = read_proc(*client_, 0);
  while (top.pids_size() < 2) {
    top = read_proc(*client_, 0);
  }
  auto child = read_proc(*client_, 2);
  while (!child.cmdline().starts_with("sleep")) {  // it is executed soon
    child = read_proc(*client_, 2);
  }
  EXPECT_GT(top.uptime_ns(), 0U);
  EXPECT_EQ(std::vector<uint32_t>(top.pids().begin(), top.pids().end()), (std::vector<uint32_t>{1, 2}));

  EXPECT_TRUE(child.stat().starts_with("2 (")) << child.stat();
  EXPECT_NE(child.stat().find(" 1 1 1 0 -1 "), std::string::npos) << child.stat();
  for (const char* line :
       {"\nPid:\t2\n", "\nPPid:\t1\n", "\nNSpid:\t2\n", "\nUid:\t0\t0\t0\t0\n", "\nGid:\t0\t0\t0\t0\n"}) {
    EXPECT_NE(child.status().find(line), std::string::npos) << line << child.status();
  }
  EXPECT_EQ(child.cmdline(), std::string("sleep\0"
                                         "1000\0",
                                         11));
  EXPECT_TRUE(read_proc(*client_, 1).stat().starts_with("1 (")) << "its parent is in no namespace of its own";

  for (const uint32_t pid : {3U, 4194305U, UINT32_MAX}) {
    const uint32_t call = client_->start_read_proc("c", pid, soon()).value();
    EXPECT_EQ(client_->finish_read_proc(call, soon()).error().code, ESRCH) << pid;
  }
  const uint32_t call = client_->start_read_proc("other", 0, soon()).value();
  EXPECT_EQ(client_->finish_read_proc(call, soon()).error().code, ENOENT);
  ASSERT_TRUE(client_->signal_process("c", 1, SIGKILL, soon()));
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 137U);
}

TEST_F(AgentContainer, process_waited_for_before_it_exists_is_told) {
  auto waiting = agent_->connect();
  const uint32_t call = waiting->start_wait(1, soon()).value();
  EXPECT_EQ(run(container_request("c", 1, {"sh", "-c", "exit 4"})).exit_code, 4U);
  EXPECT_EQ(waiting->finish_wait(call, soon())->exit_code, 4U);
}

TEST_F(AgentContainer, deleted_container_can_be_made_again_under_its_id) {
  for (uint64_t token = 1; token <= 3; ++token) {
    ASSERT_TRUE(client_->create_container(container_request("c", token, {"sleep", "1000"}), soon()));
    EXPECT_EQ(client_->create_container(container_request("c", token + 50, {"true"}), soon()).error().code,
              EEXIST);
    ASSERT_TRUE(client_->delete_container("c", soon()));
  }
  EXPECT_TRUE(client_->delete_container("c", soon())) << "idempotent";
  EXPECT_EQ(client_->start_container("c", soon()).error().code, ENOENT);
  EXPECT_EQ(client_->signal_process("c", 1, SIGTERM, soon()).error().code, ENOENT);
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
