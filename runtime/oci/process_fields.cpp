// SPDX-License-Identifier: Apache-2.0
// The rows of `process`. [oci] config.md, "Process"
#include "runtime/oci/process.h"

namespace caisson::runtime::oci {

using enum Treatment;

std::span<const Row> rows(const Process*) {
  static constexpr Row kRows[] = {
      field<&Process::terminal>("terminal", both,
                                "a pty in the guest, relayed to one of the host; a caller whose standard "
                                "output is no terminal gets newlines "
                                "without carriage returns, as from runc"),
      field<&Process::console_size>("consoleSize", both),
      field<&Process::user>("user", guest),
      field<&Process::args>("args", guest),
      field<&Process::env>("env", guest),
      required<&Process::cwd>("cwd", guest, "made when absent, as in runc"),
      field<&Process::capabilities>("capabilities", guest),
      field<&Process::rlimits>(
          "rlimits", guest,
          "limits that are not set are the caller's, as under runc, as far as the guest's kernel allows"),
      field<&Process::no_new_privileges>("noNewPrivileges", guest),
      field<&Process::oom_score_adj>("oomScoreAdj", guest, "among the processes of its own guest"),
      field<&Process::scheduler>("scheduler", guest),
      field<&Process::io_priority>("ioPriority", guest),
      field<&Process::exec_cpu_affinity>("execCPUAffinity", guest, "for processes that `exec` runs"),
      refuse("apparmorProfile", "the guest kernel has no AppArmor, the VM is the confinement; remove it"),
      refuse("selinuxLabel", "the guest kernel has no SELinux, the VM is the confinement; remove it"),
      refuse("commandLine", "it is for Windows; use process.args"),
  };
  return kRows;
}

std::span<const Row> rows(const ConsoleSize*) {
  static constexpr Row kRows[] = {
      required<&ConsoleSize::height>("height", guest),
      required<&ConsoleSize::width>("width", guest),
  };
  return kRows;
}

std::span<const Row> rows(const User*) {
  static constexpr Row kRows[] = {
      field<&User::uid>("uid", guest),
      field<&User::gid>("gid", guest),
      field<&User::umask>("umask", guest, "0022 when absent; for a process of `exec` the caller's"),
      field<&User::additional_gids>("additionalGids", guest),
      refuse("username", "it is for Windows; use process.user.uid"),
  };
  return kRows;
}

std::span<const Row> rows(const Capabilities*) {
  static constexpr Row kRows[] = {
      field<&Capabilities::bounding>("bounding", guest,
                                     "names unknown to this build are left out, with a warning"),
      field<&Capabilities::effective>("effective", guest,
                                      "a capability that is not also permitted is refused"),
      field<&Capabilities::inheritable>("inheritable", guest),
      field<&Capabilities::permitted>("permitted", guest),
      field<&Capabilities::ambient>(
          "ambient", guest,
          "a capability that is not both permitted and inheritable is left out, with a warning"),
  };
  return kRows;
}

std::span<const Row> rows(const Rlimit*) {
  static constexpr Row kRows[] = {
      required<&Rlimit::type>("type", guest),
      required<&Rlimit::soft>("soft", guest),
      required<&Rlimit::hard>("hard", guest),
  };
  return kRows;
}

std::span<const Row> rows(const Scheduler*) {
  static constexpr Row kRows[] = {
      required<&Scheduler::policy>("policy", guest, "`SCHED_*`"),
      field<&Scheduler::nice>("nice", guest),
      field<&Scheduler::priority>("priority", guest),
      field<&Scheduler::flags>("flags", guest, "`SCHED_FLAG_*`"),
      field<&Scheduler::runtime>("runtime", guest),
      field<&Scheduler::deadline>("deadline", guest),
      field<&Scheduler::period>("period", guest),
  };
  return kRows;
}

std::span<const Row> rows(const IoPriority*) {
  static constexpr Row kRows[] = {
      required<&IoPriority::io_class>("class", guest, "`IOPRIO_CLASS_*`"),
      field<&IoPriority::priority>("priority", guest),
  };
  return kRows;
}

std::span<const Row> rows(const CpuAffinity*) {
  static constexpr Row kRows[] = {
      field<&CpuAffinity::initial>(
          "initial", noted,
          "checked; no process of the runtime runs in the guest before it is in the cgroup"),
      field<&CpuAffinity::final_>("final", guest, "the guest's CPUs, from 0"),
  };
  return kRows;
}

}  // namespace caisson::runtime::oci
