// SPDX-License-Identifier: Apache-2.0
#include "tests/support/in_namespaces.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

namespace caisson::test {
namespace {

constexpr const char* kBusybox = "/bin/busybox";
constexpr int kNoSandbox = 77;
constexpr int kFailed = 78;

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};
constexpr Device kDevices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                               {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

void must(bool done, const char* what) {
  if (!done) {
    std::perror(what);
    ::_exit(kNoSandbox);
  }
}

void lay_out(const std::string& root) {
  must(::mount("root", root.c_str(), "tmpfs", 0, "mode=755") == 0, "mount root");
  for (const char* name : {"/dev", "/dev/pts", "/proc", "/sys", "/tmp", "/run", "/etc", "/bin", "/old"}) {
    must(::mkdir((root + name).c_str(), 0755) == 0, name);
  }
  for (const Device& device : kDevices) {
    const std::string path = root + "/dev/" + device.name;
    must(::mknod(path.c_str(), S_IFCHR | 0666, makedev(device.major, device.minor)) == 0 &&
             ::chmod(path.c_str(), 0666) == 0,
         "make device");
  }
  std::filesystem::copy_file(kBusybox, root + "/bin/busybox");
}

void enter(const std::string& root) {
  must(::chdir(root.c_str()) == 0 && ::syscall(SYS_pivot_root, ".", "old") == 0 && ::chdir("/") == 0,
       "enter root");
  must(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
  must(::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr) == 0 &&
           ::mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0,
       "make /proc/sys read-only");
  must(::umount2("/old", MNT_DETACH) == 0 && ::rmdir("/old") == 0, "leave the host's root");
}

// What is the host's in any namespace: its clock, its kernel, its memory, its power.
void give_up_the_host() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  must(::syscall(SYS_capget, &header, data.data()) == 0, "read capabilities");
  for (const int number : {CAP_SYS_TIME, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT}) {
    must(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0, "drop capability");
    for (uint32_t* set : {&data[0].effective, &data[0].permitted, &data[0].inheritable}) {
      *set &= ~(uint32_t{1} << number);
    }
  }
  must(::syscall(SYS_capset, &header, data.data()) == 0, "drop capabilities");
}

[[noreturn]] void run_inside(const std::function<void()>& body) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "end with the test");
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "part from the host's mounts");
  lay_out("/tmp");
  enter("/tmp");
  give_up_the_host();
  try {
    body();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "exception: " << error.what();
  }
  std::fflush(nullptr);
  ::_exit(testing::Test::HasFailure() ? kFailed : 0);
}

int end_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

[[noreturn]] void run_outside(const std::function<void()>& body) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "end with the test");
  must(::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0,
       "make namespaces");
  const pid_t pid = ::fork();
  must(pid >= 0, "fork");
  if (pid == 0) {
    run_inside(body);
  }
  ::_exit(end_of(pid));
}

}  // namespace

std::string why_no_namespaces() {
  if (::geteuid() != 0) {
    return "namespaces on this host need root";
  }
  return ::access(kBusybox, X_OK) != 0 ? "no /bin/busybox: run scripts/bootstrap test" : "";
}

void in_namespaces(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    run_outside(body);
  }
  const int status = end_of(pid);
  EXPECT_NE(status, kNoSandbox) << "its namespaces could not be made";
  EXPECT_NE(status, kFailed) << "as expected above";
  EXPECT_TRUE(status == 0 || status == kNoSandbox || status == kFailed) << "it ended with status " << status;
}

}  // namespace caisson::test
