// SPDX-License-Identifier: Apache-2.0
// Shell scripts stand in for caisson-vmm: descriptor 3 has the launch document, 4 is the status socket. It is
// the first process of a pid namespace, whose making takes root.
#include "runtime/launch/vmm_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "runtime/launch/descriptor_list.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

using ::testing::HasSubstr;

class VmmProcessTest : public ::testing::Test {
 protected:
  VmmProcessTest() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    signals_ = CaughtSignals::take();
  }
  ~VmmProcessTest() override {
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "host: not root here";
  }

  VmmSpec order(const std::string& script) {
    scratch_.write("vmm", "#!/bin/sh\n" + script + "\n");
    ::chmod((scratch_ / "vmm").c_str(), 0755);
    VmmSpec spawn{
        .program = scratch_ / "vmm", .spec = {}, .descriptors = DescriptorList({0, 1, 2}).sources()};
    spawn.spec.id = "box";
    return spawn;
  }
  // Where a script of order() may write to.
  [[nodiscard]] std::string to(const std::string& file) const { return " >" + (scratch_ / file).string(); }
  Result<LaunchStatus> wait(VmmProcess& vmm, std::chrono::seconds patience = std::chrono::seconds(60)) {
    return vmm.wait_ready(std::chrono::steady_clock::now() + patience, *signals_);
  }
  // Of a script of order(): says `status`.
  std::string saying(const LaunchStatus& status) {
    scratch_.write("status", to_json(status));
    return "cat " + (scratch_ / "status").string() + " >&4";
  }
  std::string ready() { return saying({.ready = true, .machine = "qemu"}); }
  Error refusal(VmmSpec order) {
    auto vmm = VmmProcess::spawn(std::move(order));
    EXPECT_TRUE(vmm) << vmm.error().message;
    const auto status = wait(*vmm);
    EXPECT_FALSE(status);
    return status ? Error{} : status.error();
  }

  sigset_t mask_{};
  Result<CaughtSignals> signals_ = fail(EINVAL, "not yet");
  test::ScratchDirectory scratch_;
};

TEST_F(VmmProcessTest, that_is_ready_says_so) {
  auto vmm = VmmProcess::spawn(order(ready() + "; read -r forever <&4"));
  ASSERT_TRUE(vmm) << vmm.error().message;
  const auto status = wait(*vmm);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->machine, "qemu");
  EXPECT_TRUE(vmm->identity().is_alive());
}

TEST_F(VmmProcessTest, that_cannot_start_the_guest_says_why) {
  const Error error = refusal(order(saying({.error = {.code = ENOSPC, .message = "no memory"}})));
  EXPECT_EQ(error.code, ENOSPC);
  EXPECT_EQ(error.message, "no memory");
}

TEST_F(VmmProcessTest, program_that_is_missing_is_named) {
  VmmSpec missing = order("");
  missing.program = "/nonexistent/caisson-vmm";
  const Error error = refusal(std::move(missing));
  EXPECT_EQ(error.code, ENOENT);
  EXPECT_EQ(error.message, "start caisson-vmm: /nonexistent/caisson-vmm: No such file or directory");
}

TEST_F(VmmProcessTest, that_ends_without_a_word_is_told_with_its_exit_code) {
  const Error error = refusal(order("exit 7"));
  EXPECT_EQ(error.code, ECHILD);
  EXPECT_EQ(error.message, "start guest: caisson-vmm ended without a word (exit code 7); see the log");
}

TEST_F(VmmProcessTest, that_keeps_silent_is_waited_for_until_the_deadline) {
  auto vmm = VmmProcess::spawn(order("read -r forever <&4"));
  ASSERT_TRUE(vmm) << vmm.error().message;
  const auto status = wait(*vmm, std::chrono::seconds(0));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ETIMEDOUT);
  EXPECT_THAT(status.error().message, HasSubstr("org.caisson.console=true"));
}

TEST_F(VmmProcessTest, signal_that_asks_us_to_end_ends_the_waiting) {
  auto vmm = VmmProcess::spawn(order("read -r forever <&4"));
  ASSERT_TRUE(vmm) << vmm.error().message;
  ::raise(SIGTERM);
  const auto status = wait(*vmm);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EINTR);
  EXPECT_EQ(status.error().message, "start guest: interrupted by signal 15");
}

TEST_F(VmmProcessTest, that_is_dropped_is_killed_and_reaped) {
  ProcessIdentity identity;
  {
    auto vmm = VmmProcess::spawn(order("read -r forever <&4"));
    ASSERT_TRUE(vmm) << vmm.error().message;
    identity = vmm->identity();
    const VmmProcess moved(*std::move(vmm));
    EXPECT_TRUE(identity.is_alive()) << "it goes with who has it last";
  }
  EXPECT_FALSE(ProcessIdentity::of(identity.pid)) << "no zombie is left";
}

TEST_F(VmmProcessTest, that_is_on_record_outlives_us_and_is_told) {
  ProcessIdentity identity;
  UniqueFd pidfd;
  {
    // What it is told is one byte without an end of line.
    auto vmm = VmmProcess::spawn(
        order(ready() + "; [ \"$(head -c 1 <&4)\" = '" + std::string(1, kCommit) + "' ] && exec sleep 1000"));
    ASSERT_TRUE(vmm && wait(*vmm));
    ASSERT_TRUE(vmm->commit());
    vmm->release();
    identity = vmm->identity();
    pidfd = UniqueFd(::dup(vmm->pidfd()));
  }
  EXPECT_TRUE(identity.is_alive());
  ASSERT_TRUE(send_signal(pidfd, SIGKILL));
  EXPECT_EQ(::waitpid(identity.pid, nullptr, 0), identity.pid);
}

TEST_F(VmmProcessTest, exit_code_is_the_shells) {
  auto vmm = VmmProcess::spawn(order("exit 9"));
  ASSERT_TRUE(vmm) << vmm.error().message;
  EXPECT_EQ(vmm->wait_exit(), 9);
  vmm->release();
  auto killed = VmmProcess::spawn(order("read -r forever <&4"));
  ASSERT_TRUE(killed) << killed.error().message;
  const UniqueFd pidfd(::dup(killed->pidfd()));
  ASSERT_TRUE(send_signal(pidfd, SIGKILL));
  EXPECT_EQ(killed->wait_exit(), 128 + SIGKILL);
  killed->release();
}

TEST_F(VmmProcessTest, is_given_its_document_and_its_name) {
  VmmSpec spawn = order("cat <&3" + to("document") + "; echo \"$@\"" + to("arguments") + "; exit 0");
  const std::string document = to_json(spawn.spec);
  refusal(std::move(spawn));
  EXPECT_EQ(scratch_.read("document"), document);
  EXPECT_EQ(scratch_.read("arguments"), "--launch box\n");
}

TEST_F(VmmProcessTest, is_the_first_of_its_namespace_and_of_its_session_at_the_root) {
  refusal(order("echo $$ $(ps -o sid= -p $$ 2>/dev/null || echo) $(pwd)" + to("self")));
  EXPECT_THAT(scratch_.read("self"), ::testing::MatchesRegex("1 .*/\n"));
  refusal(order("readlink /proc/self/ns/net" + to("network")));
  EXPECT_NE(scratch_.read("network"), std::filesystem::read_symlink("/proc/self/ns/net").string() + "\n");
}

TEST_F(VmmProcessTest, environment_is_what_it_needs) {
  ::setenv("CAISSON_TEST", "1", 1);
  ::setenv("SECRET", "1", 1);
  refusal(order("/usr/bin/env" + to("environment")));
  ::unsetenv("CAISSON_TEST");
  ::unsetenv("SECRET");
  EXPECT_THAT(scratch_.read("environment"), HasSubstr("CAISSON_TEST=1\n"));
  EXPECT_THAT(scratch_.read("environment"), ::testing::Not(HasSubstr("SECRET")));
}

TEST_F(VmmProcessTest, joins_its_cgroups) {
  const UniqueFd members(::memfd_create("members", MFD_CLOEXEC));
  VmmSpec spawn = order("exit 0");
  spawn.cgroup_members = {members.get()};
  refusal(std::move(spawn));
  std::array<char, 8> text{};
  EXPECT_EQ(::pread(members.get(), text.data(), text.size(), 0), 1);
  EXPECT_EQ(text[0], '0');
}

TEST_F(VmmProcessTest, cgroup_that_cannot_be_joined_is_told) {
  const UniqueFd members(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  VmmSpec spawn = order("exit 0");
  spawn.cgroup_members = {members.get()};
  const Error error = refusal(std::move(spawn));
  EXPECT_EQ(error.code, ENOSPC);
  EXPECT_THAT(error.message, ::testing::StartsWith("start caisson-vmm: join cgroup: "));
}

TEST_F(VmmProcessTest, signals_that_we_block_are_its_own_again) {
  refusal(order("sed -n 's/^SigBlk:[[:space:]]*//p; s/^SigIgn:[[:space:]]*//p' /proc/self/status" +
                to("signals")));
  EXPECT_EQ(scratch_.read("signals"), "0000000000000000\n0000000000000000\n");
}

}  // namespace
}  // namespace caisson::runtime
