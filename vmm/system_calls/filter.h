// SPDX-License-Identifier: Apache-2.0
// Makes a filter of the kernel's from a list of system calls, by libseccomp. Used for caisson-vmm itself
// (vmm/jail) and for QEMU (vmm/qemu), which keep their lists. The container's own filter is made by
// runtime/oci/seccomp.h.
#pragma once

#include <linux/filter.h>
#include <linux/kvm.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace caisson::vmm {

constexpr scmp_arg_cmp equal(unsigned index, uint64_t value) {
  return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
constexpr scmp_arg_cmp masked_equal(unsigned index, uint64_t mask, uint64_t value) {
  return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}
// The filter ignores the upper half of an argument that the kernel takes as an int.
constexpr scmp_arg_cmp equal_int(unsigned index, uint32_t value) {
  return masked_equal(index, 0xffffffff, value);
}

// A call that is allowed only with certain arguments. Two conditions of one rule must both hold. Two rules
// for one call are two ways in which it may be made.
struct ConditionalCall {
  int number = -1;
  std::array<scmp_arg_cmp, 2> arguments{};
  unsigned count = 0;
  const char* why = "";  // the reason, for a reader of the table
};
constexpr ConditionalCall only_if(int number, scmp_arg_cmp argument, const char* why) {
  return {.number = number, .arguments = {argument, scmp_arg_cmp{}}, .count = 1, .why = why};
}
constexpr ConditionalCall only_if(int number, scmp_arg_cmp first, scmp_arg_cmp second, const char* why) {
  return {.number = number, .arguments = {first, second}, .count = 2, .why = why};
}

// Flags of clone() and unshare().
inline constexpr uint64_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
// Every ioctl of KVM has its type in these bits [include/uapi/linux/kvm.h, asm-generic/ioctl.h].
inline constexpr ConditionalCall kKvmCall =
    only_if(SYS_ioctl, masked_equal(1, 0xff00, KVMIO << _IOC_TYPESHIFT), "any request of KVM's");
// Calls that a confined program of Caisson's never makes, so that their caller is an intruder. They execute
// programs, look into other processes, change mounts, change the user, or reach parts of the kernel that
// break more often than others.
std::span<const int> intruders_calls();

class SystemCallFilter {
 public:
  // `of` names the confined program in errors. A call without a rule fails with EPERM. A call of another
  // architecture kills.
  static Result<SystemCallFilter> create(std::string of);

  // Adds calls with any arguments. `action` is one of libseccomp's, such as SCMP_ACT_ALLOW.
  Result<void> add(uint32_t action, std::span<const int> numbers);
  Result<void> allow(std::span<const ConditionalCall> calls);

  // Loads the filter for this thread and all that it starts. Needs no_new_privs.
  Result<void> load() const;
  // Returns the filter as a program that another process can load.
  [[nodiscard]] Result<std::vector<sock_filter>> program() const;

 private:
  using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;
  SystemCallFilter(Context context, std::string of) : context_(std::move(context)), of_(std::move(of)) {}
  Result<void> add(uint32_t action, int number, std::span<const scmp_arg_cmp> arguments);

  Context context_;
  std::string of_;
};

}  // namespace caisson::vmm
