// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/hook_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

// A hook whose child holds `alive` open for as long as it lives.
class HookWithChild {
 public:
  HookWithChild() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader_ = UniqueFd(ends[0]);
    const UniqueFd writer(ends[1]);
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const UniqueFd root(::open("/", O_PATH | O_CLOEXEC));
    hook_ = {.path = "/bin/sh", .args = {"sh", "-c", "sleep 600 & echo; wait"}};
    pid_ = spawn_hook(hook_, {.directory = root.get(), .input = null.get(), .output = writer.get()}).value();
  }
  oci::Hook& hook() { return hook_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Its child is there.
  void wait_for_child() const {
    char byte = 0;
    EXPECT_EQ(::read(reader_.get(), &byte, 1), 1);
  }
  // Returns when the last of them has ended.
  void wait_for_silence() const {
    char byte = 0;
    while (::read(reader_.get(), &byte, 1) > 0) {
    }
  }

 private:
  oci::Hook hook_;
  UniqueFd reader_;
  pid_t pid_ = -1;
};

TEST(HookProcess, its_status_is_told) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd root(::open("/", O_PATH | O_CLOEXEC));
  const oci::Hook hook{.path = "/bin/sh", .args = {"sh", "-c", "exit 7"}};
  const pid_t pid =
      spawn_hook(hook, {.directory = root.get(), .input = null.get(), .output = null.get()}).value();
  EXPECT_EQ(WEXITSTATUS(wait_for_hook(hook, pid, nullptr).value()), 7);
}

TEST(HookProcess, what_it_started_ends_with_it_at_its_timeout) {
  HookWithChild hook;
  hook.wait_for_child();
  hook.hook().timeout = 1;
  const auto status = wait_for_hook(hook.hook(), hook.pid(), nullptr);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ETIMEDOUT);
  hook.wait_for_silence();
}

TEST(HookProcess, a_signal_that_asks_us_to_end_ends_it) {
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, nullptr, &before);
  {
    const auto signals = CaughtSignals::take();
    ASSERT_TRUE(signals);
    HookWithChild hook;
    hook.wait_for_child();
    ::raise(SIGUSR1);  // concerns nobody
    ::raise(SIGTERM);
    const auto status = wait_for_hook(hook.hook(), hook.pid(), &*signals);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, EINTR);
    EXPECT_NE(status.error().message.find("signal 15"), std::string::npos);
    hook.wait_for_silence();
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace caisson::runtime
