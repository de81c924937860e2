// SPDX-License-Identifier: Apache-2.0
// What a child sheds before it is the container's.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

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

namespace caisson::agent {
namespace {

TEST_F(ChildSteps, nothing_of_the_agent_is_left) {
  test::in_namespaces([this] {
    const int leaked = ::fcntl(1, F_DUPFD, 50);
    const int high = ::fcntl(1, F_DUPFD, 900);
    ::signal(SIGPIPE, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::umask(077);
    ASSERT_TRUE(leave_the_agent(child_));
    for (const int fd : {leaked, high, control_.agent.fd()}) {
      EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << fd;
    }
    EXPECT_GE(::fcntl(control_.child.fd(), F_GETFD), 0);
    EXPECT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL);
    sigset_t blocked;
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    EXPECT_TRUE(sigisemptyset(&blocked));
    EXPECT_EQ(::umask(0), 0U);
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    EXPECT_EQ(::getsid(0), ::getpid());
  });
}

TEST_F(ChildSteps, descriptors_it_inherits_have_their_numbers_and_stay_closed_on_exec) {
  test::in_namespaces([this] {
    std::filesystem::create_directories("/run/exports");
    write_file("/run/exports/served", "of the host");
    plan_.exports = "/run/exports";
    plan_.served = {{.number = 40, .name = "served", .flags = O_RDONLY}};
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    // Whatever lies at a number now, and in whatever order they are placed.
    child_.preserved = {{.number = pipe[1], .fd = pipe[0]}, {.number = pipe[0], .fd = pipe[1]}};
    ASSERT_TRUE(leave_the_agent(child_));
    ASSERT_EQ(::write(pipe[0], "x", 1), 1) << "the writer's number is the reader's now";
    std::array<char, 16> text{};
    EXPECT_EQ(::read(pipe[1], text.data(), text.size()), 1);
    EXPECT_EQ(::read(40, text.data(), text.size()), 11);
    for (const int fd : {pipe[0], pipe[1], 40}) {
      EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC) << fd;
      EXPECT_GT(control_.child.fd(), fd);
    }
  });
}

TEST_F(ChildSteps, link_in_the_place_of_a_file_of_the_host_is_not_followed) {
  test::in_namespaces([this] {
    std::filesystem::create_directories("/run/exports");
    write_file("/run/secret", "secret");
    std::filesystem::create_symlink("/run/secret", "/run/exports/served");
    plan_.exports = "/run/exports";
    plan_.served = {{.number = 5, .name = "served", .flags = O_RDONLY}};
    const auto refused = leave_the_agent(child_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ELOOP);
    EXPECT_TRUE(refused.error().message.starts_with("open the host's file for descriptor 5: "));
  });
}

TEST_F(ChildSteps, standard_error_is_standard_output_where_asked_for) {
  test::in_namespaces([this] {
    const UniqueFd out(::open("/tmp/out", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const UniqueFd err(::open("/tmp/err", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    plan_.stdio = {-1, out.get(), err.get()};
    process_.set_stderr_is_stdout(true);
    struct stat third {};
    const int saved = ::fcntl(1, F_DUPFD_CLOEXEC, 100);
    child_.preserved = {{.number = saved, .fd = saved}};
    const auto outcome = leave_the_agent(child_);
    ::fstat(2, &third);
    ::dup2(saved, 1);
    ::dup2(saved, 2);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(third.st_ino, look_at("/tmp/out").st_ino);
  });
}

TEST_F(ChildSteps, user_namespace_is_taken_once_its_maps_are_written_and_is_not_readable_by_others) {
  test::in_namespaces([this] {
    EXPECT_TRUE(take_user_namespace(child_)) << "there is none to take";
    request_.add_namespaces()->set_kind(CLONE_NEWUSER);
    ASSERT_TRUE(control_.agent.send(ControlKind::id_maps_written));
    ASSERT_TRUE(take_user_namespace(child_));
    EXPECT_EQ(control_.agent.receive().value()->kind, ControlKind::need_id_maps);
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    ASSERT_TRUE(control_.agent.send(ControlKind::go));
    expect_error(take_user_namespace(child_), ECANCELED, "wait for the agent: it gave up on this process");
  });
}

TEST_F(ChildSteps, names_are_those_of_the_request_and_no_longer_than_the_kernel_takes) {
  test::in_namespaces([this] {
    request_.set_hostname("box");
    request_.set_domainname("example.org");
    ASSERT_TRUE(set_names(child_));
    std::array<char, 65> name{};
    ASSERT_EQ(::gethostname(name.data(), name.size()), 0);
    EXPECT_STREQ(name.data(), "box");
    ASSERT_EQ(::getdomainname(name.data(), name.size()), 0);
    EXPECT_STREQ(name.data(), "example.org");
    request_.set_domainname(std::string(65, 'x'));
    EXPECT_EQ(set_names(child_).error().code, EINVAL);
    request_.set_hostname(std::string(65, 'x'));
    EXPECT_TRUE(set_names(child_).error().message.starts_with("set hostname: "));
  });
}

TEST_F(ChildSteps, namespaces_that_begin_late_are_made_and_time_offsets_are_asked_for) {
  test::in_namespaces([this] {
    const auto before = std::filesystem::read_symlink("/proc/self/ns/ipc");
    plan_.late_namespaces = CLONE_NEWIPC;
    ASSERT_TRUE(make_late_namespaces(child_));
    EXPECT_NE(std::filesystem::read_symlink("/proc/self/ns/ipc"), before);
    plan_.late_namespaces = 0;
    request_.add_namespaces()->set_kind(CLONE_NEWTIME);
    request_.add_time_offsets()->set_clock("boottime");
    ASSERT_TRUE(control_.agent.send(ControlKind::time_offsets_written));
    ASSERT_TRUE(make_late_namespaces(child_));
    EXPECT_EQ(control_.agent.receive().value()->kind, ControlKind::need_time_offsets);
    EXPECT_NE(std::filesystem::read_symlink("/proc/self/ns/time"),
              std::filesystem::read_symlink("/proc/self/ns/time_for_children"));
  });
}

TEST_F(ChildSteps, namespaces_are_joined_and_nothing_is_kept_of_whose_they_were) {
  test::in_namespaces([this] {
    std::array<int, 2> ready{};
    ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
    const pid_t other = ::fork();
    if (other == 0) {
      ::_exit(::unshare(CLONE_NEWUTS | CLONE_NEWIPC) == 0 && ::write(ready[1], "x", 1) == 1 && ::pause());
    }
    std::array<char, 1> byte{};
    ASSERT_EQ(::read(ready[0], byte.data(), 1), 1);
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, other, 0));
    const auto own_ipc = std::filesystem::read_symlink("/proc/self/ns/ipc");
    // That of processes is the agent's to join.
    child_.joins = {{.pidfd = pidfd, .kinds = CLONE_NEWUTS | CLONE_NEWPID}};
    ASSERT_TRUE(join_namespaces(child_));
    const std::string others = "/proc/" + std::to_string(other) + "/ns/";
    EXPECT_EQ(std::filesystem::read_symlink("/proc/self/ns/uts"),
              std::filesystem::read_symlink(others + "uts"));
    EXPECT_EQ(std::filesystem::read_symlink("/proc/self/ns/ipc"), own_ipc);
    EXPECT_EQ(::fcntl(pidfd, F_GETFD), -1) << "it leads to the agent's";
    child_.joins = {{.pidfd = 1, .kinds = CLONE_NEWUTS}};
    EXPECT_TRUE(join_namespaces(child_).error().message.starts_with("join namespaces: "));
    ::kill(other, SIGKILL);
    EXPECT_EQ(::waitpid(other, nullptr, 0), other);
  });
}

}  // namespace
}  // namespace caisson::agent
