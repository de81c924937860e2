// SPDX-License-Identifier: Apache-2.0
// /proc of a container, as the host asks for it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

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

}  // namespace
}  // namespace caisson::test
