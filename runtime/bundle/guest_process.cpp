// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/guest_process.h"

#include <linux/sched.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "protocol/agent/agent.pb.h"
#include "runtime/oci/cpu_list.h"
#include "runtime/oci/names.h"
#include "runtime/oci/seccomp.h"

namespace caisson::runtime {
namespace {

using oci::Name;

constexpr Name kPolicies[] = {
    {"SCHED_OTHER", SCHED_NORMAL},      {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},       {"SCHED_ISO", 4},           {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", SCHED_DEADLINE},
};

constexpr Name kSchedulerFlags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
    {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
    {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
    {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
    {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};

// linux/ioprio.h is not C++: it names a parameter `class`.
constexpr Name kIoClasses[] = {
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
};

Result<void> fill_scheduler(const oci::Scheduler& scheduler, agent::v1::Scheduler& out) {
  const auto policy = oci::find_number(kPolicies, scheduler.policy);
  if (!policy) {
    return fail(EINVAL, "process.scheduler.policy: unknown value \"" + scheduler.policy + "\"");
  }
  uint64_t flags = 0;
  for (const std::string& name : scheduler.flags) {
    const auto flag = oci::find_number(kSchedulerFlags, name);
    if (!flag) {
      return fail(EINVAL, "process.scheduler.flags: unknown value \"" + name + "\"");
    }
    flags |= *flag;
  }
  if (scheduler.priority < 0) {
    return fail(EINVAL, "process.scheduler.priority: must not be negative");
  }
  out.set_policy(static_cast<uint32_t>(*policy));
  out.set_nice(scheduler.nice);
  out.set_priority(static_cast<uint32_t>(scheduler.priority));
  out.set_flags(flags);
  out.set_runtime_ns(scheduler.runtime);
  out.set_deadline_ns(scheduler.deadline);
  out.set_period_ns(scheduler.period);
  return {};
}

Result<void> fill_io_priority(const oci::IoPriority& priority, agent::v1::IoPriority& out) {
  const auto io_class = oci::find_number(kIoClasses, priority.io_class);
  if (!io_class) {
    return fail(EINVAL, "process.ioPriority.class: unknown value \"" + priority.io_class + "\"");
  }
  if (priority.priority < 0 || priority.priority > 7) {
    return fail(EINVAL, "process.ioPriority.priority: must be between 0 and 7");
  }
  out.set_io_class(static_cast<uint32_t>(*io_class));
  out.set_priority(static_cast<uint32_t>(priority.priority));
  return {};
}

void fill_user(const oci::User& user, agent::v1::User& out) {
  out.set_uid(user.uid);
  out.set_gid(user.gid);
  if (user.umask) {
    out.set_umask(*user.umask);
  }
  for (const uint32_t gid : user.additional_gids) {
    out.add_additional_gids(gid);
  }
}

// capabilities(7): an ambient capability is permitted and inheritable too; the kernel refuses any other, and
// runc goes on.
void warn_of_ambient(const oci::Capabilities& capabilities) {
  const uint64_t refused =
      capabilities.ambient.bits & ~(capabilities.permitted.bits & capabilities.inheritable.bits);
  std::string names;
  for (const Name& capability : oci::capability_names()) {
    if ((refused >> capability.number & 1) != 0) {
      names += (names.empty() ? "" : ", ") + std::string(capability.name);
    }
  }
  if (!names.empty()) {
    spdlog::warn(
        "process.capabilities.ambient: can't raise ambient capability {}: permitted and inheritable must "
        "have "
        "it too; add it there, or take it out",
        names);
  }
}

// As under runc, whose container is a child of the caller's: what config.json does not set is the caller's.
Result<void> fill_limits_of_caller(const oci::Process& process, agent::v1::Process& out) {
  for (uint32_t resource = 0; resource < RLIM_NLIMITS; ++resource) {
    const bool is_set = std::any_of(process.rlimits.begin(), process.rlimits.end(),
                                    [&](const oci::Rlimit& limit) { return limit.type.number == resource; });
    if (is_set) {
      continue;
    }
    rlimit own{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &own) < 0) {
      return fail_errno("read own rlimit " + std::to_string(resource));
    }
    auto& to = *out.add_rlimits();
    to.set_resource(resource);
    to.set_soft(own.rlim_cur);
    to.set_hard(own.rlim_max);
    to.set_of_caller(true);
  }
  return {};
}

}  // namespace

Result<void> fill_process(const oci::Process& process, const oci::Linux& linux_, agent::v1::Process& out) {
  for (const std::string& argument : process.args) out.add_args(argument);
  for (const std::string& variable : process.env) out.add_env(variable);
  out.set_cwd(process.cwd);
  fill_user(process.user, *out.mutable_user());
  if (const auto& from = process.capabilities) {
    auto& to = *out.mutable_capabilities();
    to.set_bounding(from->bounding.bits);
    to.set_effective(from->effective.bits);
    to.set_inheritable(from->inheritable.bits);
    to.set_permitted(from->permitted.bits);
    to.set_ambient(from->ambient.bits);
    warn_of_ambient(*from);
  }
  for (const oci::Rlimit& rlimit : process.rlimits) {
    auto& to = *out.add_rlimits();
    to.set_resource(rlimit.type.number);
    to.set_soft(rlimit.soft);
    to.set_hard(rlimit.hard);
  }
  TRY(fill_limits_of_caller(process, out));
  out.set_no_new_privileges(process.no_new_privileges);
  out.set_terminal(process.terminal);
  if (process.console_size) {
    out.mutable_console_size()->set_rows(process.console_size->height);
    out.mutable_console_size()->set_columns(process.console_size->width);
  }
  if (process.oom_score_adj) {
    out.set_oom_score_adj(*process.oom_score_adj);
  }
  if (process.scheduler) {
    TRY(fill_scheduler(*process.scheduler, *out.mutable_scheduler()));
  }
  if (process.io_priority) {
    TRY(fill_io_priority(*process.io_priority, *out.mutable_io_priority()));
  }
  if (const auto& affinity = process.exec_cpu_affinity) {
    TRY_CONTEXT("process.execCPUAffinity.initial", oci::parse_cpu_list(affinity->initial));
    for (const uint32_t cpu :
         TRY_CONTEXT("process.execCPUAffinity.final", oci::parse_cpu_list(affinity->final_))) {
      out.add_final_cpus(cpu);
    }
  }
  if (linux_.personality) {
    constexpr Name kDomains[] = {{"LINUX", 0}, {"LINUX32", 8}};
    const auto domain = oci::find_number(kDomains, linux_.personality->domain);
    if (!domain) {
      return fail(EINVAL, "linux.personality.domain: unknown value \"" + linux_.personality->domain + "\"");
    }
    out.set_personality(static_cast<uint32_t>(*domain));
  }
  if (linux_.seccomp) {
    auto filter = TRY(oci::compile_seccomp(*linux_.seccomp));
    out.mutable_seccomp()->set_filter(std::move(filter.program));
    out.mutable_seccomp()->set_flags(filter.flags);
  }
  out.set_attach_stdin(true);
  out.set_attach_stdout(true);
  out.set_attach_stderr(!process.terminal);
  return {};
}

void fill_absent_process(agent::v1::Process& out) {
  out.set_without_program(true);
  out.set_cwd("/");
  out.set_attach_stdin(true);
  out.set_attach_stdout(true);
  out.set_attach_stderr(true);
}

}  // namespace caisson::runtime
