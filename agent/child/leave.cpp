// SPDX-License-Identifier: Apache-2.0
// The child's first steps: shedding what it inherited from the agent, entering namespaces.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "agent/boot/loopback.h"
#include "agent/child/child.h"
#include "agent/ids/id_map.h"
#include "agent/mounts/mount_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// Closes every descriptor above 2 that is not in `kept`. A leaked one is a way out (CVE-2024-21626).
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int fd : kept) {
    if (fd < 3) {
      continue;
    }
    const auto number = static_cast<unsigned>(fd);
    if (number > next) {
      ::close_range(next, number - 1, 0);
    }
    next = number + 1;
  }
  ::close_range(next, ~0U, 0);
}

void forget_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);
  }
}

// Its standard ones go to their numbers; the others are preserved like what the agent has made.
Result<void> open_served(Child& child) {
  for (const Served& served : child.plan.served) {
    const std::string path = child.plan.exports + "/" + served.name;
    const int fd = ::open(path.c_str(), served.flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
      return fail_errno("open the host's file for descriptor " + std::to_string(served.number));
    }
    if (served.number > STDERR_FILENO) {
      child.preserved.push_back({.number = served.number, .fd = fd});
    } else if (::dup2(fd, served.number) < 0) {
      return fail_errno("set up stdio");
    }
  }
  return {};
}

Result<void> set_up_stdio(Child& child) {
  for (int i = 0; i < 3; ++i) {
    const int fd = child.plan.stdio.at(static_cast<size_t>(i));
    if (fd >= 0 && ::dup2(fd, i) < 0) {
      return fail_errno("set up stdio");
    }
  }
  TRY(open_served(child));
  if (child.plan.process->stderr_is_stdout() && ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
    return fail_errno("set up stdio");
  }
  return {};
}

// Under their numbers from the start, so that nothing opened later takes one of them; closed on exec until
// bequeath(), so that no hook gets them. Returns what must be kept, the child's own descriptors out of the
// way.
Result<std::vector<int>> place_descriptors(Child& child) {
  std::vector<int> kept;
  int lowest = 3;
  for (const Placed& placed : child.preserved) {
    lowest = std::max(lowest, placed.number + 1);
  }
  const auto move = [lowest](int fd) -> Result<int> {
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
    return moved < 0 ? Result<int>(fail_errno("move descriptor")) : moved;
  };
  if (!child.preserved.empty()) {
    TRY(child.control.move_above(lowest));
    for (Join& join : child.joins) {
      join.pidfd = TRY(move(join.pidfd));
    }
  }
  std::vector<Placed> sources;
  for (const Placed& placed : child.preserved) {
    sources.push_back({.number = placed.number, .fd = TRY(move(placed.fd))});
  }
  for (const Placed& source : sources) {
    if (::dup3(source.fd, source.number, O_CLOEXEC) < 0) {
      return fail_errno("place descriptor " + std::to_string(source.number));
    }
    kept.push_back(source.number);
  }
  kept.push_back(child.control.fd());
  for (const Join& join : child.joins) {
    kept.push_back(join.pidfd);
  }
  for (const int bind : child.plan.binds) {
    child.binds.emplace_back(bind < 0 ? -1 : TRY(move(bind)));
    kept.push_back(child.binds.back().get());
  }
  return kept;
}

}  // namespace

Result<void> leave_the_agent(Child& child) {
  // Whoever shares the process namespace must not trace us, nor follow /proc/<pid>/exe or /fd, before we are
  // the user's program. CVE-2016-9962, CVE-2019-5736. execve undoes it.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  forget_signals();
  ::umask(0);
  TRY(set_up_stdio(child));
  close_all_but(TRY(place_descriptors(child)));
  if (::setsid() < 0) {
    return fail_errno("make a session");
  }
  return {};
}

Result<void> take_user_namespace(Child& child) {
  if (!makes_namespace(*child.plan.container, CLONE_NEWUSER)) {
    return {};
  }
  TRY(child.control.send(ControlKind::need_id_maps));
  TRY(child.control.expect(ControlKind::id_maps_written));
  if (::setresgid(0, 0, 0) < 0 || ::setresuid(0, 0, 0) < 0) {
    return fail_errno("become root of the user namespace: map container id 0");
  }
  // Changing ids made us dumpable again.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return {};
}

Result<void> join_namespaces(Child& child) {
  for (const Join& join : child.joins) {
    const int kinds = join.kinds & ~CLONE_NEWPID;
    if (kinds != 0 && ::setns(join.pidfd, kinds) < 0) {
      return fail_errno("join namespaces");
    }
    // Nothing of the agent's may be left when the container's processes can see us.
    ::close(join.pidfd);
  }
  return {};
}

Result<void> make_late_namespaces(Child& child) {
  const v1::CreateContainerRequest& request = *child.plan.container;
  if (child.plan.late_namespaces != 0 && ::unshare(static_cast<int>(child.plan.late_namespaces)) < 0) {
    return fail_errno("make namespaces");
  }
  if ((child.plan.late_namespaces & CLONE_NEWNET) != 0) {
    TRY(bring_loopback_up());
  }
  if (makes_namespace(request, CLONE_NEWTIME)) {
    // Offsets must be written before a process is in the namespace; execve takes us in. We are not dumpable,
    // so that in a user namespace the file is not ours to open.
    if (::unshare(CLONE_NEWTIME) < 0) {
      return fail_errno("make time namespace");
    }
    if (!request.time_offsets().empty()) {
      TRY(child.control.send(ControlKind::need_time_offsets));
      TRY(child.control.expect(ControlKind::time_offsets_written));
    }
  }
  return {};
}

Result<void> set_names(Child& child) {
  const v1::CreateContainerRequest& request = *child.plan.container;
  if (!request.hostname().empty() &&
      ::sethostname(request.hostname().data(), request.hostname().size()) < 0) {
    return fail_errno("set hostname");
  }
  if (!request.domainname().empty() &&
      ::setdomainname(request.domainname().data(), request.domainname().size()) < 0) {
    return fail_errno("set domainname");
  }
  return {};
}

Result<void> open_private_proc(Child& child) {
  child.proc = TRY(new_filesystem({.type = "proc", .source = "proc", .data = "", .flags = 0}));
  return {};
}

}  // namespace caisson::agent
