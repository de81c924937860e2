// SPDX-License-Identifier: Apache-2.0
// The program of a container: found, named in errors as engines know them, its environment.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

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

TEST_F(AgentContainer, home_comes_from_the_containers_passwd) {
  std::ofstream(agent_->rootfs() / "etc/passwd")
      << "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n";
  auto request = container_request("c", 1, {"sh", "-c", "echo $HOME"});
  request.mutable_init()->mutable_user()->set_uid(1000);
  EXPECT_EQ(run(request).out, "/home/u\n");
}

TEST_F(AgentContainer, variable_given_twice_is_there_once_with_the_last_value) {
  auto request = container_request("c", 1, {"env"});
  auto& init = *request.mutable_init();
  init.clear_env();
  for (const char* variable : {"PATH=/bin", "A=1", "HOME=", "B=2", "A=3"}) {
    init.add_env(variable);
  }
  EXPECT_EQ(run(request).out, "PATH=/bin\nA=3\nHOME=/\nB=2\n");
}

TEST_F(AgentContainer, passwd_that_is_a_fifo_hangs_nobody) {
  ASSERT_EQ(::mkfifo((agent_->rootfs() / "etc/passwd").c_str(), 0600), 0);
  EXPECT_EQ(run_shell("echo $HOME").out, "/\n");
}

}  // namespace
}  // namespace caisson::test
