// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp_unknown.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstring>

namespace caisson::runtime::oci {
namespace {

constexpr uint32_t kFellThrough = 0xffffffff;
constexpr uint32_t kUnknown = SECCOMP_RET_ERRNO | ENOSYS;

// What the kernel's interpreter would answer, for the few instructions there are.
uint32_t run(const std::vector<sock_filter>& program, uint32_t architecture, uint32_t number) {
  const seccomp_data data{
      .nr = static_cast<int>(number), .arch = architecture, .instruction_pointer = 0, .args = {}};
  uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& instruction = program[at];
    bool holds = false;
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + instruction.k, sizeof(accumulator));
        continue;
      case BPF_RET | BPF_K:
        return instruction.k;
      case BPF_JMP | BPF_JEQ | BPF_K:
        holds = accumulator == instruction.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        holds = accumulator >= instruction.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        holds = accumulator > instruction.k;
        break;
      default:
        ADD_FAILURE() << "instruction " << at << " has the code " << instruction.code;
        return 0;
    }
    at += holds ? instruction.jt : instruction.jf;
  }
  return kFellThrough;
}

uint32_t number_of(uint32_t architecture, const char* name) {
  return static_cast<uint32_t>(seccomp_syscall_resolve_name_arch(architecture, name));
}

TEST(UnknownSyscalls, beyond_the_largest_name_are_answered_per_architecture) {
  const auto program =
      answer_for_unknown_syscalls({SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_X86}, {"read", "openat2"});
  const struct {
    uint32_t token;
    uint32_t audit;
  } architectures[] = {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
                       {SCMP_ARCH_X32, AUDIT_ARCH_X86_64},
                       {SCMP_ARCH_X86, AUDIT_ARCH_I386}};
  for (const auto& [token, audit] : architectures) {
    const uint32_t largest = number_of(token, "openat2");
    EXPECT_EQ(run(program, audit, largest), kFellThrough) << token;
    EXPECT_EQ(run(program, audit, number_of(token, "read")), kFellThrough) << token;
    EXPECT_EQ(run(program, audit, number_of(token, "write")), kFellThrough) << token;
    EXPECT_EQ(run(program, audit, largest + 1), kUnknown) << token;
  }
  EXPECT_EQ(run(program, AUDIT_ARCH_X86_64, UINT32_MAX), kUnknown);
  EXPECT_EQ(run(program, AUDIT_ARCH_AARCH64, 100000), kFellThrough) << "left to the filter";
}

TEST(UnknownSyscalls, x32_is_left_to_the_filter_where_it_is_not_listed) {
  const auto program = answer_for_unknown_syscalls({SCMP_ARCH_X86_64}, {"read"});
  EXPECT_EQ(run(program, AUDIT_ARCH_X86_64, 0x40000000U + 1000), kFellThrough);
  EXPECT_EQ(run(program, AUDIT_ARCH_X86_64, 1000), kUnknown);
}

TEST(UnknownSyscalls, names_an_architecture_does_not_know_give_it_no_answer) {
  EXPECT_TRUE(answer_for_unknown_syscalls({SCMP_ARCH_X86_64}, {}).empty());
  EXPECT_TRUE(answer_for_unknown_syscalls({SCMP_ARCH_X86_64}, {"fish_and_chips", "setuid32"}).empty());
}

}  // namespace
}  // namespace caisson::runtime::oci
