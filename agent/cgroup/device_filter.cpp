// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/device_filter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace caisson::agent {
namespace {

// LIMIT: a rule is at most 8 instructions; the kernel takes 4096 without privileges, far more with them.
constexpr size_t kMaxRules = 1024;
constexpr uint32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

// Registers of the program.
constexpr uint8_t kType = BPF_REG_2;
constexpr uint8_t kAccess = BPF_REG_3;
constexpr uint8_t kMajor = BPF_REG_4;
constexpr uint8_t kMinor = BPF_REG_5;
constexpr uint8_t kScratch = BPF_REG_6;

bpf_insn instruction(int code, uint8_t target, uint8_t source, int16_t offset, int32_t immediate) {
  bpf_insn made{};
  made.code = static_cast<uint8_t>(code);
  made.dst_reg = target & 0xf;
  made.src_reg = source & 0xf;
  made.off = offset;
  made.imm = immediate;
  return made;
}

bpf_insn load(uint8_t target, size_t field) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, target, BPF_REG_1, static_cast<int16_t>(field), 0);
}
bpf_insn set(uint8_t target, int32_t value) {
  return instruction(BPF_ALU | BPF_MOV | BPF_K, target, 0, 0, value);
}
bpf_insn leave() {
  return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}
// Skips to the next rule unless equal; the distance is filled in later.
bpf_insn unless_equal(uint8_t target, int32_t value) {
  return instruction(BPF_JMP | BPF_JNE | BPF_K, target, 0, 0, value);
}

std::vector<bpf_insn> prologue() {
  return {
      // access_type = (access << 16) | type
      load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
      instruction(BPF_ALU | BPF_AND | BPF_K, kType, 0, 0, 0xffff),
      load(kAccess, offsetof(bpf_cgroup_dev_ctx, access_type)),
      instruction(BPF_ALU | BPF_RSH | BPF_K, kAccess, 0, 0, 16),
      load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
  };
}

std::vector<bpf_insn> one_rule(const DeviceMatch& rule) {
  std::vector<bpf_insn> code;
  if (rule.type != 'a') {
    code.push_back(unless_equal(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
  }
  if (rule.access != kAllAccess) {
    // All that is wanted must be among what the rule is about.
    code.push_back(instruction(BPF_ALU | BPF_MOV | BPF_X, kScratch, kAccess, 0, 0));
    code.push_back(instruction(BPF_ALU | BPF_AND | BPF_K, kScratch, 0, 0,
                               static_cast<int32_t>(kAllAccess & ~rule.access)));
    code.push_back(unless_equal(kScratch, 0));
  }
  if (rule.major >= 0) {
    code.push_back(unless_equal(kMajor, static_cast<int32_t>(rule.major)));
  }
  if (rule.minor >= 0) {
    code.push_back(unless_equal(kMinor, static_cast<int32_t>(rule.minor)));
  }
  code.push_back(set(BPF_REG_0, rule.allow ? 1 : 0));
  code.push_back(leave());
  for (size_t i = 0; i < code.size(); ++i) {
    if (BPF_CLASS(code[i].code) == BPF_JMP && BPF_OP(code[i].code) == BPF_JNE) {
      code[i].off = static_cast<int16_t>(code.size() - i - 1);
    }
  }
  return code;
}

bool matches_everything(const DeviceMatch& rule) {
  return rule.type == 'a' && rule.access == kAllAccess && rule.major < 0 && rule.minor < 0;
}

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

Result<UniqueFd> load_program(const std::vector<bpf_insn>& code) {
  static constexpr std::array<char, 11> kLicense = {'A', 'p', 'a', 'c', 'h', 'e', '-', '2', '.', '0', '\0'};
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uint64_t>(code.data());
  attributes.insn_cnt = static_cast<uint32_t>(code.size());
  attributes.license = reinterpret_cast<uint64_t>(kLicense.data());
  UniqueFd program(bpf(BPF_PROG_LOAD, attributes));
  if (!program) {
    return fail_errno("load device filter");
  }
  return program;
}

}  // namespace

std::vector<bpf_insn> compile_device_filter(const std::vector<DeviceMatch>& rules) {
  std::vector<bpf_insn> code = prologue();
  // The last matching rule wins: try them backwards. Behind one that matches everything nothing is reached,
  // and the kernel refuses programs with unreachable instructions.
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    const auto part = one_rule(*rule);
    code.insert(code.end(), part.begin(), part.end());
    if (matches_everything(*rule)) {
      return code;
    }
  }
  code.push_back(set(BPF_REG_0, 0));
  code.push_back(leave());
  return code;
}

Result<void> attach_device_filter(const Cgroup& cgroup, const std::vector<DeviceMatch>& rules) {
  if (rules.size() > kMaxRules) {
    return fail(E2BIG, "load device filter: too many rules");
  }
  const UniqueFd program = TRY(load_program(compile_device_filter(rules)));
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(cgroup.directory());
  attributes.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  // Without BPF_F_ALLOW_MULTI a second attachment replaces the first.
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) {
    return fail_errno("attach device filter");
  }
  return {};
}

}  // namespace caisson::agent
