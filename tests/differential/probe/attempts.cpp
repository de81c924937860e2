// SPDX-License-Identifier: Apache-2.0
// System calls that capabilities, filters, limits and namespaces are about. Each is made by a process of its
// own, so that one that succeeds, or kills, changes nothing for the next.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

struct Attempt {
  const char* name;
  long (*make)();
};

long bind_port_80() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  return fd < 0 ? fd : ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

long raise_open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  ++limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit);
}

long schedule_realtime() {
  const sched_param parameters{.sched_priority = 1};
  return ::sched_setscheduler(0, SCHED_FIFO, &parameters);
}

long map_much() {
  const void* const page =
      ::mmap(nullptr, 96UL << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? -1 : 0;
}

// In a tmpfs where there is one: a device node, and whether it may be opened.
long use_device(dev_t number) {
  const char* const path = "/dev/shm/probe-device";
  if (const long made = ::mknod(path, S_IFCHR | 0666, number); made < 0) {
    return made;
  }
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const int code = errno;
  ::unlink(path);
  errno = code;
  return fd;
}

long make_directory(const char* path) {
  const long made = ::mkdir(path, 0777);
  if (made == 0) {
    ::rmdir(path);
  }
  return made;
}

constexpr Attempt kAttempts[] = {
    {"acct", [] { return long{::acct("/nothing here")}; }},
    {"add a key", [] { return ::syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_PROCESS_KEYRING); }},
    {"bind port 80", bind_port_80},
    {"bpf map",
     [] {
       bpf_attr attributes{};
       attributes.map_type = BPF_MAP_TYPE_ARRAY;
       attributes.key_size = attributes.value_size = 4;
       attributes.max_entries = 1;
       return ::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
     }},
    {"chroot", [] { return long{::chroot("/")}; }},
    {"device 1:1 (mem)", [] { return use_device(makedev(1, 1)); }},
    {"device 1:3 (null)", [] { return use_device(makedev(1, 3)); }},
    {"device 10:229 (fuse)", [] { return use_device(makedev(10, 229)); }},
    {"getcpu", [] { return ::syscall(SYS_getcpu, nullptr, nullptr, nullptr); }},
    {"io priority of realtime", [] { return ::syscall(SYS_ioprio_set, 1, 0, 1 << 13); }},
    {"kill process 1", [] { return long{::kill(1, 0)}; }},
    {"load a module", [] { return ::syscall(SYS_init_module, nullptr, 0UL, ""); }},
    {"lower nice", [] { return long{::setpriority(PRIO_PROCESS, 0, -5)}; }},
    {"make a directory in /", [] { return make_directory("/.probe directory"); }},
    {"make a directory in /tmp", [] { return make_directory("/tmp/.probe directory"); }},
    {"map 96 MiB", map_much},
    {"mount a tmpfs", [] { return long{::mount("probe", "/tmp", "tmpfs", 0, nullptr)}; }},
    {"new mount namespace", [] { return long{::unshare(CLONE_NEWNS)}; }},
    {"new user namespace", [] { return long{::unshare(CLONE_NEWUSER)}; }},
    {"open by handle",
     [] {
       file_handle handle{};
       return long{::open_by_handle_at(AT_FDCWD, &handle, O_RDONLY)};
     }},
    {"personality 32", [] { return long{::personality(PER_LINUX32)}; }},
    {"ping socket", [] { return long{::socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)}; }},
    {"raise limit of open files", raise_open_files},
    {"raw socket", [] { return long{::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)}; }},
    {"read the kernel's log", [] { return ::syscall(SYS_syslog, 3, nullptr, 0); }},
    {"realtime scheduling", schedule_realtime},
    {"session keyring",
     [] { return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0); }},
    {"set hostname", [] { return long{::sethostname("probe", 5)}; }},
    {"set uid", [] { return ::syscall(SYS_setresuid, 4242, 4242, 4242); }},
    {"set gid", [] { return ::syscall(SYS_setresgid, 4242, 4242, 4242); }},
    {"swapon", [] { return long{::swapon("/nothing here", 0)}; }},
    {"trace me", [] { return long{::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)}; }},
    {"unmount /proc", [] { return long{::umount2("/proc", MNT_EXPIRE)}; }},
};

// The child's answer comes by its exit code: 0, or errno; 254 for what no exit code can say.
std::string try_it(const Attempt& attempt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(attempt.make() < 0 ? (errno < 254 ? errno : 254) : 0);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) < 0) {
    return "not tried: " + outcome(-1);
  }
  return WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                             : error_name(WEXITSTATUS(status));
}

}  // namespace

void tell_attempts(Arguments /*arguments*/) {
  for (const Attempt& attempt : kAttempts) {
    tell(std::string("may ") + attempt.name, try_it(attempt));
  }
}

}  // namespace caisson::probe
