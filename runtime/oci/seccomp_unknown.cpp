// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp_unknown.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace caisson::runtime::oci {
namespace {

// Set in the numbers of x32, whose architecture is otherwise that of x86-64.
constexpr uint32_t kX32Bit = 0x40000000;

// Negative: none of the names.
int largest_number(uint32_t architecture, const std::vector<std::string>& names) {
  int largest = -1;
  for (const std::string& name : names) {
    largest = std::max(largest, seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
  }
  return largest;
}

constexpr sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

}  // namespace

std::vector<sock_filter> answer_for_unknown_syscalls(const std::vector<uint32_t>& architectures,
                                                     const std::vector<std::string>& names) {
  std::vector<sock_filter> program;
  for (const uint32_t architecture : architectures) {
    const int largest = largest_number(architecture, names);
    if (largest < 0) {
      continue;
    }
    const bool is_x32 = architecture == SCMP_ARCH_X32;
    const uint32_t audit = is_x32 ? AUDIT_ARCH_X86_64 : architecture;
    // Each block by itself, so that no jump leaves it: four or five instructions of an unrolled "is it ours,
    // and is it beyond".
    program.push_back(load(offsetof(seccomp_data, arch)));
    const bool shares_architecture = audit == AUDIT_ARCH_X86_64;
    const uint8_t rest = shares_architecture ? 4 : 3;
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, rest));
    program.push_back(load(offsetof(seccomp_data, nr)));
    if (shares_architecture) {
      const uint8_t when_x32 = is_x32 ? 0 : 2;
      const uint8_t when_not = is_x32 ? 2 : 0;
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, when_x32, when_not));
    }
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, static_cast<uint32_t>(largest), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  }
  return program;
}

}  // namespace caisson::runtime::oci
