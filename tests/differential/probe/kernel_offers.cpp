// SPDX-License-Identifier: Apache-2.0
// What a kernel may have been built without: families of sockets, file systems, system calls, and sizes that
// it chooses by the machine it starts on. What the guest's lacks beside the host's is so on the reviewed
// list, with its reason.
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

struct Socket {
  const char* name;
  int family;
  int type;
  int protocol;
};
// Not linux/mptcp.h's, which is newer than some headers.
constexpr int kMptcp = 262;
constexpr Socket kSockets[] = {
    {"unix", AF_UNIX, SOCK_SEQPACKET, 0},
    {"inet6", AF_INET6, SOCK_STREAM, 0},
    {"mptcp", AF_INET, SOCK_STREAM, kMptcp},
    {"sctp", AF_INET, SOCK_STREAM, 132},
    {"packet", AF_PACKET, SOCK_RAW, 0},
    {"vsock", AF_VSOCK, SOCK_STREAM, 0},
    {"xdp", AF_XDP, SOCK_RAW, 0},
    {"alg", AF_ALG, SOCK_SEQPACKET, 0},
    {"key", AF_KEY, SOCK_RAW, 2},
    {"can", AF_CAN, SOCK_RAW, 1},
    {"tipc", AF_TIPC, SOCK_STREAM, 0},
    {"netlink route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
    {"netlink sock_diag", AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG},
    {"netlink xfrm", AF_NETLINK, SOCK_RAW, NETLINK_XFRM},
    {"netlink audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT},
    {"netlink connector", AF_NETLINK, SOCK_RAW, NETLINK_CONNECTOR},
    {"netlink netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER},
    {"netlink uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT},
    {"netlink generic", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC},
    {"netlink crypto", AF_NETLINK, SOCK_RAW, NETLINK_CRYPTO},
};

// Each with arguments that no kernel takes; only whether it is there is told.
struct Call {
  const char* name;
  long number;
};
constexpr Call kCalls[] = {
    {"acct", SYS_acct},
    {"bpf", SYS_bpf},
    {"fanotify_init", SYS_fanotify_init},
    {"get_mempolicy", SYS_get_mempolicy},
    {"io_setup", SYS_io_setup},
    {"io_uring_setup", SYS_io_uring_setup},
    {"kcmp", SYS_kcmp},
    {"kexec_load", SYS_kexec_load},
    {"keyctl", SYS_keyctl},
    {"landlock_create_ruleset", SYS_landlock_create_ruleset},
    {"lookup_dcookie", SYS_lookup_dcookie},
    {"mbind", SYS_mbind},
    {"membarrier", SYS_membarrier},
    {"memfd_secret", SYS_memfd_secret},
    {"migrate_pages", SYS_migrate_pages},
    {"modify_ldt", SYS_modify_ldt},
    {"move_pages", SYS_move_pages},
    {"mq_open", SYS_mq_open},
    {"msgget", SYS_msgget},
    {"name_to_handle_at", SYS_name_to_handle_at},
    {"perf_event_open", SYS_perf_event_open},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"pkey_alloc", SYS_pkey_alloc},
    {"process_madvise", SYS_process_madvise},
    {"process_vm_readv", SYS_process_vm_readv},
    {"quotactl", SYS_quotactl},
    {"rseq", SYS_rseq},
    {"seccomp", SYS_seccomp},
    {"set_mempolicy", SYS_set_mempolicy},
    {"swapon", SYS_swapon},
    {"sysfs", SYS_sysfs},
    {"userfaultfd", SYS_userfaultfd},
    {"ustat", SYS_ustat},
    {"vmsplice", SYS_vmsplice},
};

// A container made for many files or watches fails where these are small.
constexpr const char* kSizes[] = {
    "fs/aio-max-nr",
    "fs/epoll/max_user_watches",
    "fs/fanotify/max_user_marks",
    "fs/file-max",
    "fs/inotify/max_user_instances",
    "fs/inotify/max_user_watches",
    "fs/nr_open",
    "kernel/keys/maxkeys",
    "kernel/pid_max",
    "kernel/threads-max",
    "vm/max_map_count",
    "vm/overcommit_memory",
};

std::string offered(long number) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(::syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 && errno == ENOSYS ? 1 : 0);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) < 0) {
    return "not tried: " + outcome(-1);
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "ENOSYS" : "there";
}

// At least as large as what is common on a host says more than a number that differs from machine to machine.
std::string size_class(const std::string& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') {
    return text;
  }
  const unsigned long long number = std::stoull(text);
  for (const unsigned long long bound : {10ULL, 1000ULL, 10'000ULL, 100'000ULL}) {
    if (number < bound) {
      return bound == 10 ? text : "less than " + std::to_string(bound);
    }
  }
  return "100000 or more";
}

}  // namespace

void tell_kernel_offers(Arguments /*arguments*/) {
  for (const Socket& socket : kSockets) {
    const int fd = ::socket(socket.family, socket.type | SOCK_CLOEXEC, socket.protocol);
    tell(std::string("socket ") + socket.name, outcome(fd));
    if (fd >= 0) {
      ::close(fd);
    }
  }
  for (const Call& call : kCalls) {
    tell(std::string("system call ") + call.name, offered(call.number));
  }
  for (const std::string name : kSizes) {
    tell("size " + name, size_class(squeezed(read_text("/proc/sys/" + name))));
  }
}

}  // namespace caisson::probe
