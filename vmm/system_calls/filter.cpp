// SPDX-License-Identifier: Apache-2.0
#include "vmm/system_calls/filter.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/unique_fd.h"

namespace caisson::vmm {
namespace {

constexpr int kIntruders[] = {
    SYS_execve,
    SYS_fork,
    SYS_vfork,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_open_by_handle_at,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_personality,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_quotactl,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
};

}  // namespace

std::span<const int> intruders_calls() {
  return kIntruders;
}

Result<SystemCallFilter> SystemCallFilter::create(std::string of) {
  Context context(::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release);
  if (!context) {
    return fail(ENOMEM, "make system call filter of " + of);
  }
  // Sorted into a tree, the filter costs a handful of instructions a call.
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  return SystemCallFilter(std::move(context), std::move(of));
}

Result<void> SystemCallFilter::add(uint32_t action, int number, std::span<const scmp_arg_cmp> arguments) {
  const int error = ::seccomp_rule_add_array(context_.get(), action, number,
                                             static_cast<unsigned>(arguments.size()), arguments.data());
  if (error < 0) {
    return fail_errno("filter system call " + std::to_string(number) + " of " + of_, -error);
  }
  return {};
}

Result<void> SystemCallFilter::add(uint32_t action, std::span<const int> numbers) {
  for (const int number : numbers) {
    TRY(add(action, number, {}));
  }
  return {};
}

Result<void> SystemCallFilter::allow(std::span<const ConditionalCall> calls) {
  for (const ConditionalCall& call : calls) {
    TRY(add(SCMP_ACT_ALLOW, call.number, std::span(call.arguments).first(call.count)));
  }
  return {};
}

Result<void> SystemCallFilter::load() const {
  if (const int error = ::seccomp_load(context_.get()); error < 0) {
    return fail_errno("load system call filter of " + of_, -error);
  }
  return {};
}

// libseccomp 2.5 gives a program away through a file only.
Result<std::vector<sock_filter>> SystemCallFilter::program() const {
  const UniqueFd file(::memfd_create("caisson-filter", MFD_CLOEXEC));
  if (!file) {
    return fail_errno("make system call filter of " + of_);
  }
  if (const int error = ::seccomp_export_bpf(context_.get(), file.get()); error < 0) {
    return fail_errno("make system call filter of " + of_, -error);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) {
    return fail_errno("make system call filter of " + of_);
  }
  std::vector<sock_filter> program(static_cast<size_t>(status.st_size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), program.size() * sizeof(sock_filter), 0) != status.st_size) {
    return fail(EIO, "make system call filter of " + of_ + ": its program is cut short");
  }
  return program;
}

}  // namespace caisson::vmm
