// SPDX-License-Identifier: Apache-2.0
#include "agent/boot/boot.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "agent/boot/loopback.h"
#include "common/unique_fd.h"

namespace caisson::agent {
namespace {

struct GuestMount {
  const char* source;
  const char* target;
  const char* type;
  unsigned long flags;
  const char* data;
};
constexpr GuestMount kMounts[] = {
    {"proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666,gid=5"},
    {"tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
};

struct Setting {
  const char* path;
  const char* value;
};
// The kernel sizes these by the guest's memory, which is small; the container's cgroup is what limits it.
constexpr Setting kSettings[] = {
    // What a guest has at the moment says nothing of what it may get: docs/decisions/0006-growth.md.
    {"/proc/sys/vm/overcommit_memory", "1"},
    {"/proc/sys/kernel/threads-max", "65536"},
    {"/proc/sys/kernel/pid_max", "4194304"},  // as systemd sets it
    {"/proc/sys/fs/file-max", "1048576"},
    {"/proc/sys/fs/nr_open", "1048576"},
    // What a host of some 16 GiB has: file watchers of a source tree want tens of thousands.
    {"/proc/sys/fs/inotify/max_user_watches", "131072"},
    {"/proc/sys/fs/fanotify/max_user_marks", "131072"},
    {"/proc/sys/fs/epoll/max_user_watches", "3774873"},
    // As Debian sets it: the verifier is a large surface for code that has no privileges.
    {"/proc/sys/kernel/unprivileged_bpf_disabled", "2"},
    {"/proc/sys/user/max_user_namespaces", "16384"},
    {"/proc/sys/user/max_pid_namespaces", "16384"},
    {"/proc/sys/user/max_mnt_namespaces", "16384"},
    {"/proc/sys/user/max_net_namespaces", "16384"},
    {"/proc/sys/user/max_ipc_namespaces", "16384"},
    {"/proc/sys/user/max_uts_namespaces", "16384"},
    {"/proc/sys/user/max_cgroup_namespaces", "16384"},
};

struct Limit {
  __rlimit_resource_t resource;
  rlim_t soft;
  rlim_t hard;
};
constexpr Limit kLimits[] = {
    {RLIMIT_NOFILE, 65536, 1048576},  // the agent's
    {RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY},
    // What a user namespace may not raise again; a container has what its caller has.
    {RLIMIT_SIGPENDING, 65536, RLIM_INFINITY},
    {RLIMIT_MEMLOCK, 8U << 20, RLIM_INFINITY},
};

Result<void> write_setting(const Setting& setting) {
  const UniqueFd file(::open(setting.path, O_WRONLY | O_CLOEXEC));
  if (!file) {
    // A kernel without it has nothing to raise.
    return errno == ENOENT ? Result<void>{} : fail_errno(std::string("open ") + setting.path);
  }
  if (::write(file.get(), setting.value, std::strlen(setting.value)) < 0) {
    return fail_errno(std::string("write ") + setting.path);
  }
  return {};
}

Result<void> mount_one(const GuestMount& wanted) {
  ::mkdir(wanted.target, 0755);
  // EBUSY: the kernel has mounted it already (devtmpfs).
  if (::mount(wanted.source, wanted.target, wanted.type, wanted.flags, wanted.data) < 0 && errno != EBUSY) {
    return fail_errno(std::string("mount ") + wanted.target);
  }
  return {};
}

// pivot_root(2) cannot leave the kernel's first root, so we move to a copy of it. Both are read-only: nobody
// who reaches this program through /proc/<pid>/exe can write it (CVE-2019-5736).
Result<void> leave_first_root() {
  ::mkdir("/.root", 0755);
  if (::mount("/", "/.root", nullptr, MS_BIND, nullptr) < 0 || ::chdir("/.root") < 0 ||
      ::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) < 0 ||
      ::mount(nullptr, ".", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) < 0 ||
      ::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || ::chroot(".") < 0 || ::chdir("/") < 0) {
    return fail_errno("leave the first root");
  }
  return {};
}

}  // namespace

void occupy_stdio() {
  int fd = -1;
  do {
    fd = ::open("/", O_PATH);
  } while (fd >= 0 && fd < 3);
  if (fd >= 3) {
    ::close(fd);
  }
}

Result<void> set_up_guest() {
  Result<void> first;
  const auto note = [&first](Result<void> outcome) {
    if (first && !outcome) {
      first = std::move(outcome);
    }
  };
  for (const GuestMount& wanted : kMounts) {
    ::mkdir(wanted.target, 0755);
  }
  note(leave_first_root());
  for (const GuestMount& wanted : kMounts) {
    note(mount_one(wanted));
  }
  for (const Setting& setting : kSettings) {
    note(write_setting(setting));
  }
  for (const Limit& limit : kLimits) {
    const rlimit wanted{.rlim_cur = limit.soft, .rlim_max = limit.hard};
    if (::setrlimit(limit.resource, &wanted) < 0) {
      note(fail_errno("raise limit " + std::to_string(limit.resource)));
    }
  }
  note(bring_loopback_up());
  return first;
}

void tell_console(const std::string& message) {
  const std::string line = "caisson-agent: " + message + "\n";
  const UniqueFd log(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
  [[maybe_unused]] const ssize_t n = ::write(log ? log.get() : STDERR_FILENO, line.data(), line.size());
}

}  // namespace caisson::agent
