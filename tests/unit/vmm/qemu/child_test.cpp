// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace caisson::vmm {
namespace {

constexpr uid_t kUser = 1'900'000'000;

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  UniqueFd reader;
  UniqueFd writer;
};

Child::Spec shell(const std::string& script, const Pipe& output) {
  return {.program = "/bin/sh",
          .arguments = {"sh", "-c", script},
          .environment = {"ONLY=this", "PATH=/usr/bin:/bin"},
          .inherited = {},
          .standard_error = output.writer.get()};
}

std::string read_all(Pipe& pipe) {
  pipe.writer.reset();
  std::string text;
  std::array<char, 512> buffer{};
  for (ssize_t count = 0; (count = ::read(pipe.reader.get(), buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  return text;
}

TEST(Child, program_that_is_missing_is_told_at_once) {
  Pipe output;
  Child::Spec spec = shell("", output);
  spec.program = "/does/not/exist";
  const auto child = Child::spawn(spec);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, ENOENT);
  EXPECT_EQ(child.error().message, "execute /does/not/exist: No such file or directory");
}

TEST(Child, exit_status_is_reaped) {
  Pipe output;
  auto child = Child::spawn(shell("exit 7", output));
  ASSERT_TRUE(child);
  pollfd poller{.fd = child->pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&poller, 1, 5000), 1);
  const Child::Exit exit = child->reap();
  EXPECT_FALSE(exit.signalled);
  EXPECT_EQ(exit.code, 7);
}

TEST(Child, killed_child_says_so) {
  Pipe output;
  auto child = Child::spawn(shell("exec sleep 100", output));
  ASSERT_TRUE(child);
  child->kill();
  const Child::Exit exit = child->reap();
  EXPECT_TRUE(exit.signalled);
  EXPECT_EQ(exit.code, SIGKILL);
}

TEST(Child, descriptors_not_meant_for_it_are_closed) {
  Pipe output;
  const UniqueFd meant(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd not_meant(::open("/dev/null", O_RDONLY));  // inheritable, as a container's stdio is
  Child::Spec spec = shell("cd /proc/self/fd; echo *", output);
  spec.inherited = {meant.get()};
  auto child = Child::spawn(spec);
  ASSERT_TRUE(child);
  const std::string listed = " " + read_all(output);
  EXPECT_NE(listed.find(" " + std::to_string(meant.get()) + "\n"), std::string::npos) << listed;
  EXPECT_EQ(listed.find(" " + std::to_string(not_meant.get()) + "\n"), std::string::npos) << listed;
  EXPECT_EQ(listed.find(" " + std::to_string(not_meant.get()) + " "), std::string::npos) << listed;
}

TEST(Child, environment_is_the_given_one_and_the_process_group_its_own) {
  Pipe output;
  auto child = Child::spawn(
      shell("env | grep -v ^PWD= | sort; [ $(ps -o pgid= -p $$) -eq $$ ] && echo leader", output));
  ASSERT_TRUE(child);
  EXPECT_EQ(read_all(output), "ONLY=this\nPATH=/usr/bin:/bin\nleader\n");
}

TEST(Child, paused_child_makes_no_progress_until_resumed) {
  Pipe output;
  auto child = Child::spawn(shell("while :; do echo; done", output));
  ASSERT_TRUE(child);
  char byte = 0;
  ASSERT_EQ(::read(output.reader.get(), &byte, 1), 1);
  ASSERT_TRUE(child->pause());
  ASSERT_EQ(::fcntl(output.reader.get(), F_SETFL, O_NONBLOCK), 0);
  std::array<char, 4096> rest{};
  while (::read(output.reader.get(), rest.data(), rest.size()) > 0) {
  }
  pollfd poller{.fd = output.reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&poller, 1, 50), 0);
  ASSERT_TRUE(child->resume());
  EXPECT_EQ(::poll(&poller, 1, 5000), 1);
  ASSERT_TRUE(child->pause());  // and a second time
  child->kill();
  EXPECT_EQ(child->reap().code, SIGKILL);
}

TEST(Child, pause_of_an_ended_child_is_refused) {
  Pipe output;
  auto child = Child::spawn(shell("exit 0", output));
  ASSERT_TRUE(child);
  read_all(output);
  EXPECT_FALSE(child->pause());
  EXPECT_EQ(child->reap().code, 0);
}

// Crash-only: the death of the parent, by kill -9, ends the child.
void expect_to_die_with_parent(bool is_confined) {
  Pipe alive;  // its write end is held by parent and child: end of file once both are gone
  Pipe ready;
  Pipe silent;
  const pid_t parent = ::fork();
  if (parent == 0) {
    Child::Spec spec = shell("exec sleep 100", alive);
    std::optional<Result<Confinement>> confinement;
    if (is_confined) {
      ::fchmod(silent.reader.get(), 0666);
      confinement = Confinement::prepare({.program = "/bin/cat", .uid = kUser, .gid = kUser, .device = ""});
      spec.program = "/bin/cat";
      spec.arguments = {"cat", "/proc/self/fd/" + std::to_string(silent.reader.get())};
      spec.inherited = {silent.reader.get()};
      spec.confinement = &**confinement;
    }
    auto child = Child::spawn(spec);
    [[maybe_unused]] const ssize_t sent = ::write(ready.writer.get(), child ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  alive.writer.reset();
  char answer = 0;
  ASSERT_EQ(::read(ready.reader.get(), &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  pollfd poller{.fd = alive.reader.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&poller, 1, 5000), 1);
  EXPECT_NE(poller.revents & POLLHUP, 0);
}

TEST(Child, parents_death_by_kill_ends_the_child) {
  expect_to_die_with_parent(false);
}

TEST(Child, parents_death_by_kill_ends_a_confined_child_of_another_user) {
  if (::geteuid() != 0) {
    FAIL() << "needs root";
  }
  expect_to_die_with_parent(true);
}

// libc's setresuid() in the clone waited for threads it does not have.
TEST(Child, confined_child_starts_while_other_threads_come_and_go) {
  if (::geteuid() != 0) {
    FAIL() << "needs root";
  }
  std::atomic<bool> done = false;
  std::thread churn([&] {
    while (!done) {
      std::thread([] {}).join();
    }
  });
  for (int i = 0; i < 20; ++i) {
    Pipe output;
    const auto confinement =
        Confinement::prepare({.program = "/bin/true", .uid = kUser, .gid = kUser, .device = ""});
    ASSERT_TRUE(confinement) << confinement.error().message;
    Child::Spec spec = shell("", output);
    spec.program = "/bin/true";
    spec.arguments = {"true"};
    spec.confinement = &*confinement;
    auto child = Child::spawn(spec);
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_EQ(child->reap().code, 0) << read_all(output);
  }
  done = true;
  churn.join();
}

TEST(Child, confined_child_is_alone_and_nobody) {
  if (::geteuid() != 0) {
    FAIL() << "needs root";
  }
  Pipe output;
  const auto confinement =
      Confinement::prepare({.program = "/bin/cat", .uid = kUser, .gid = kUser + 1, .device = ""});
  ASSERT_TRUE(confinement) << confinement.error().message;
  Child::Spec spec = shell("", output);
  spec.program = "/bin/cat";
  spec.arguments = {"cat", "/proc/self/status", "/proc/self/net/dev", "/etc/passwd", "/proc/version"};
  spec.confinement = &*confinement;
  auto child = Child::spawn(spec);
  ASSERT_TRUE(child) << child.error().message;
  const std::string text = read_all(output);
  for (const char* expected :
       {"\nPid:\t1\n", "\nUid:\t1900000000\t1900000000\t1900000000\t1900000000\n",
        "\nGid:\t1900000001\t1900000001\t1900000001\t1900000001\n", "\nGroups:\t \n",
        "\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n",
        "\nCapBnd:\t0000000000000000\n", "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n",
        "\nSeccomp:\t2\n", "    lo:", "/etc/passwd: No such file", "/proc/version: No such file"}) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << " is not in:\n" << text;
  }
  EXPECT_EQ(text.find("eth"), std::string::npos) << text;
}

TEST(Child, program_that_is_a_script_cannot_be_confined) {
  if (::geteuid() != 0) {
    FAIL() << "needs root";
  }
  const auto confinement =
      Confinement::prepare({.program = "/usr/bin/ldd", .uid = kUser, .gid = kUser, .device = ""});
  ASSERT_FALSE(confinement);
  EXPECT_EQ(confinement.error().code, ENOEXEC);
}

// Of a process namespace of its own, and of another user.
TEST(Child, confined_child_is_paused_resumed_killed) {
  if (::geteuid() != 0) {
    FAIL() << "needs root";
  }
  Pipe output;
  Pipe input;
  const auto confinement =
      Confinement::prepare({.program = "/bin/cat", .uid = kUser, .gid = kUser, .device = ""});
  ASSERT_TRUE(confinement) << confinement.error().message;
  Child::Spec spec = shell("", output);
  spec.program = "/bin/cat";
  const std::string path = "/proc/self/fd/" + std::to_string(input.reader.get());
  spec.arguments = {"cat", path};
  spec.inherited = {input.reader.get()};
  spec.confinement = &*confinement;
  ASSERT_EQ(::fchmod(input.reader.get(), 0666), 0);
  auto child = Child::spawn(spec);
  ASSERT_TRUE(child) << child.error().message;
  ASSERT_TRUE(child->pause());
  ASSERT_EQ(::write(input.writer.get(), "x", 1), 1);
  pollfd poller{.fd = output.reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&poller, 1, 50), 0);
  ASSERT_TRUE(child->resume());
  EXPECT_EQ(::poll(&poller, 1, 5000), 1);
  child->kill();
  EXPECT_EQ(child->reap().code, SIGKILL);
}

}  // namespace
}  // namespace caisson::vmm
