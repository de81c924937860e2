// SPDX-License-Identifier: Apache-2.0
// The program of a container: found, named in errors as engines know them, its environment.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

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

namespace caisson::agent {
namespace {

class ChildProgram : public ChildSteps {
 protected:
  static void make_program(const std::string& path, mode_t mode) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    write_file(path, "#!/bin/busybox true\n");
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  Result<void> find(const std::string& name) {
    process_.clear_args();
    process_.add_args(name);
    return find_executable(child_);
  }
};

TEST_F(ChildProgram, is_the_first_in_path_that_can_be_executed) {
  test::in_namespaces([this] {
    make_program("/one/tool", 0644);
    std::filesystem::create_directories("/two/tool");
    make_program("/three/tool", 0755);
    make_program("/four/tool", 0755);
    child_.environment = {"XPATH=/four", "PATH=/one:/two:/absent:/three:/four"};
    ASSERT_TRUE(find("tool"));
    EXPECT_EQ(child_.executable, "/three/tool");
    expect_error(find("other"), ENOENT, "exec: \"other\": executable file not found in $PATH");
  });
}

TEST_F(ChildProgram, empty_part_of_path_is_the_working_directory) {
  test::in_namespaces([this] {
    make_program("/work/tool", 0755);
    ASSERT_EQ(::chdir("/work"), 0);
    child_.environment = {"PATH=/absent:"};
    ASSERT_TRUE(find("tool"));
    EXPECT_EQ(child_.executable, "./tool");
  });
}

TEST_F(ChildProgram, that_is_a_path_is_told_why_it_cannot_be_executed) {
  test::in_namespaces([this] {
    make_program("/file", 0644);
    expect_error(find("/file"), EACCES, "exec: \"/file\": permission denied");
    expect_error(find("/tmp"), EACCES, "exec: \"/tmp\": is a directory");
    expect_error(find("/absent"), ENOENT, "exec: \"/absent\": stat /absent: no such file or directory");
    expect_error(find("/file/x"), ENOTDIR, "exec: \"/file/x\": stat /file/x: not a directory");
    std::filesystem::create_symlink("loop", "/loop");
    expect_error(find("/loop"), ELOOP, "exec: \"/loop\": too many levels of symbolic links");
    process_.clear_args();
    expect_error(find_executable(child_), EINVAL, "execute process: args is empty");
    process_.set_without_program(true);
    EXPECT_TRUE(find_executable(child_));
    expect_error(execute(child_), EINVAL, "execute process: the configuration has none");
  });
}

TEST_F(ChildProgram, home_beyond_the_first_mebibyte_of_passwd_is_not_looked_for) {
  test::in_namespaces([this] {
    const std::string filler(1 << 20, '#');
    process_.mutable_user()->set_uid(1000);
    write_file("/etc/passwd", "x:x:10001:1::/wrong:\nu:x:1000:1000::/home/u:\n" + filler + "\n");
    ASSERT_TRUE(complete_environment(child_));
    EXPECT_EQ(child_.environment, std::vector<std::string>{"HOME=/home/u"});
    write_file("/etc/passwd", filler + "\nu:x:1000:1000::/home/u:\n");
    child_.environment.clear();
    ASSERT_TRUE(complete_environment(child_));
    EXPECT_EQ(child_.environment, std::vector<std::string>{"HOME=/"});
  });
}

TEST_F(ChildProgram, gets_no_descriptor_but_those_it_is_to_have) {
  test::in_namespaces([this] {
    const int left_open = ::fcntl(1, F_DUPFD, 60);
    const int given = ::fcntl(1, F_DUPFD_CLOEXEC, 70);
    child_.preserved = {{.number = given, .fd = given}};
    ASSERT_TRUE(bequeath(child_));
    EXPECT_EQ(::fcntl(left_open, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(given, F_GETFD), 0);
    child_.preserved = {{.number = 99, .fd = 99}};
    const auto absent = bequeath(child_);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, EBADF);
  });
}

TEST_F(ChildProgram, waits_until_it_is_told_to_go) {
  ASSERT_TRUE(control_.agent.send(ControlKind::go));
  ASSERT_TRUE(wait_for_start(child_));
  EXPECT_EQ(control_.agent.receive().value()->kind, ControlKind::ready);
  ASSERT_TRUE(control_.agent.send(ControlKind::id_maps_written));
  expect_error(wait_for_start(child_), ECANCELED, "wait for the agent: it gave up on this process");
}

}  // namespace
}  // namespace caisson::agent
