// SPDX-License-Identifier: Apache-2.0
// What a process carries besides its identity: limits, scheduling, OOM score, personality, sysctls of its
// namespaces, working directory.
#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "agent/child/child.h"
#include "common/resolve_in_root.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

// sched_setattr(2), SCHED_ATTR_SIZE_VER0; linux/sched/types.h and the C library each define sched_param.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr int kIoprioClassShift = 13;
constexpr int kIoprioWhoProcess = 1;
// What Linux gives a login, and what select(2) can bear; the agent's own is higher.
constexpr rlim_t kDefaultOpenFiles = 1024;

Result<void> write_proc(const Child& child, const std::string& path, const std::string& value) {
  const UniqueFd file(::openat(child.proc.get(), path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) < 0) {
    return fail_errno("write " + value);
  }
  return {};
}

// "net.ipv4.ip_forward", or with slashes where a name holds a dot: "net/ipv4/conf/eth0.1/forwarding".
Result<std::string> sysctl_path(std::string key) {
  if (key.find('/') == std::string::npos) {
    std::replace(key.begin(), key.end(), '.', '/');
  }
  if (key.empty() || key.front() == '/' || ("/" + key + "/").find("/../") != std::string::npos) {
    return fail(EINVAL, "not a name");
  }
  return "sys/" + key;
}

// A limit beyond fs.nr_open, or any that is raised by a user namespace's root, is EPERM.
bool set_as_near_as_possible(__rlimit_resource_t resource, const rlimit& wanted) {
  rlimit own{};
  if (::setrlimit(resource, &wanted) == 0) {
    return true;
  }
  if (errno != EPERM || ::getrlimit(resource, &own) < 0) {
    return false;
  }
  const rlimit nearest{.rlim_cur = std::min(wanted.rlim_cur, own.rlim_max),
                       .rlim_max = std::min(wanted.rlim_max, own.rlim_max)};
  return ::setrlimit(resource, &nearest) == 0;
}

Result<void> set_limit(const v1::Rlimit& limit) {
  if (limit.resource() >= RLIM_NLIMITS) {
    return fail_errno("no such limit", EINVAL);
  }
  const auto resource = static_cast<__rlimit_resource_t>(limit.resource());
  const rlimit wanted{.rlim_cur = limit.soft(), .rlim_max = limit.hard()};
  const bool is_set =
      limit.of_caller() ? set_as_near_as_possible(resource, wanted) : ::setrlimit(resource, &wanted) == 0;
  return is_set ? Result<void>{} : fail_errno("to " + std::to_string(limit.soft()));
}

}  // namespace

Result<void> set_sysctls(Child& child) {
  for (const auto& [key, value] : child.plan.container->sysctl()) {
    const std::string path = TRY_CONTEXT("set sysctl " + key, sysctl_path(key));
    TRY_CONTEXT("set sysctl " + key, write_proc(child, path, value));
  }
  return {};
}

Result<void> set_limits(Child& child) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min(kDefaultOpenFiles, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  for (const v1::Rlimit& limit : child.plan.process->rlimits()) {
    TRY_CONTEXT("set rlimit " + std::to_string(limit.resource()), set_limit(limit));
  }
  return {};
}

Result<void> set_scheduling(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (process.has_scheduler()) {
    const v1::Scheduler& scheduler = process.scheduler();
    const SchedulingAttributes wanted{.size = sizeof(wanted),
                                      .policy = scheduler.policy(),
                                      .flags = scheduler.flags(),
                                      .nice = scheduler.nice(),
                                      .priority = scheduler.priority(),
                                      .runtime_ns = scheduler.runtime_ns(),
                                      .deadline_ns = scheduler.deadline_ns(),
                                      .period_ns = scheduler.period_ns()};
    if (::syscall(SYS_sched_setattr, 0, &wanted, 0) < 0) {
      return fail_errno("set scheduler");
    }
  }
  if (process.has_io_priority()) {
    const unsigned value =
        process.io_priority().io_class() << kIoprioClassShift | process.io_priority().priority();
    if (::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, value) < 0) {
      return fail_errno("set io priority");
    }
  }
  return {};
}

Result<void> set_affinity(Child& child) {
  const auto& cpus = child.plan.process->final_cpus();
  if (cpus.empty()) {
    return {};
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const uint32_t cpu : cpus) {
    if (cpu >= CPU_SETSIZE) {
      return fail(EINVAL, "set cpu affinity: no such cpu " + std::to_string(cpu));
    }
    CPU_SET(cpu, &set);
  }
  if (::sched_setaffinity(0, sizeof(set), &set) < 0) {
    return fail_errno("set cpu affinity: none of its cpus is the container's; give some that are");
  }
  return {};
}

Result<void> set_personality(Child& child) {
  const v1::Process& process = *child.plan.process;
  if (process.has_personality() && ::personality(process.personality()) < 0) {
    return fail_errno("set personality");
  }
  return {};
}

Result<void> enter_working_directory(Child& child) {
  const std::string& cwd = child.plan.process->cwd();
  const Missing missing = child.plan.container != nullptr ? Missing::make_directory : Missing::refuse;
  const UniqueFd directory = TRY_CONTEXT("chdir to cwd (\"" + cwd + "\") set in config.json failed",
                                         resolve_in_root(child.root.get(), cwd, missing));
  if (::fchdir(directory.get()) < 0) {
    return fail_errno("chdir to cwd (\"" + cwd + "\") set in config.json failed");
  }
  // CVE-2024-21626: a working directory outside the root has no name inside.
  std::array<char, PATH_MAX> name{};
  if (::getcwd(name.data(), name.size()) == nullptr || name[0] != '/') {
    return fail(EPERM, "chdir to cwd (\"" + cwd + "\"): it lies outside of the container's root");
  }
  return {};
}

}  // namespace caisson::agent
