// SPDX-License-Identifier: Apache-2.0
#include "agent/child/clone.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "agent/child/child.h"

namespace caisson::agent {
namespace {

// Children are born into the process namespace last set by setns(); the agent itself never moves. Sets it
// back.
class PidNamespaceForChildren {
 public:
  static Result<PidNamespaceForChildren> enter(const std::vector<Join>& joins) {
    PidNamespaceForChildren scope;
    for (const Join& join : joins) {
      if ((join.kinds & CLONE_NEWPID) == 0) {
        continue;
      }
      scope.own_.reset(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
      if (!scope.own_) {
        return fail_errno("open own process namespace");
      }
      if (::setns(join.pidfd, CLONE_NEWPID) < 0) {
        return fail_errno("join process namespace");
      }
    }
    return scope;
  }
  PidNamespaceForChildren(PidNamespaceForChildren&&) = default;
  PidNamespaceForChildren& operator=(PidNamespaceForChildren&&) = delete;
  ~PidNamespaceForChildren() {
    if (own_) {
      ::setns(own_.get(), CLONE_NEWPID);
    }
  }

 private:
  PidNamespaceForChildren() = default;
  UniqueFd own_;
};

}  // namespace

Result<Cloned> clone_child(const ChildSpec& plan, uint64_t kinds, Control& child_end) {
  const auto scope = TRY(PidNamespaceForChildren::enter(plan.joins));
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = kinds | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (plan.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<unsigned>(plan.cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) {
    return fail_errno("clone3");
  }
  if (pid == 0) {
    Child child{.plan = plan,
                .control = child_end,
                .joins = plan.joins,
                .preserved = plan.preserved,
                .binds = {},
                .exports = {},
                .root = {},
                .proc = {},
                .terminal = {},
                .executable = {},
                .environment = {}};
    run_child(child);
  }
  return Cloned{.pid = static_cast<pid_t>(pid), .pidfd = UniqueFd(pidfd)};
}

}  // namespace caisson::agent
