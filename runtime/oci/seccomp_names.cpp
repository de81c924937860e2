// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/seccomp_names.h"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <iterator>

namespace caisson::runtime::oci {
namespace {

constexpr Name kOperators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

constexpr Name kActions[] = {
    {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},      {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
    {"SCMP_ACT_KILL", SCMP_ACT_KILL},        {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
    {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL}, {"SCMP_ACT_LOG", SCMP_ACT_LOG},
    {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},   {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
};

constexpr Name kFlags[] = {
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
};

constexpr std::string_view kArchitectures[] = {
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64",
};

template <typename Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return names;
}

}  // namespace

std::span<const Name> seccomp_actions() {
  return kActions;
}
std::span<const Name> seccomp_operators() {
  return kOperators;
}
std::span<const Name> seccomp_flags() {
  return kFlags;
}

std::vector<std::string_view> seccomp_action_names() {
  return names_of(kActions);
}
std::vector<std::string_view> seccomp_operator_names() {
  return names_of(kOperators);
}
std::vector<std::string_view> seccomp_flag_names() {
  return names_of(kFlags);
}
std::vector<std::string_view> seccomp_architecture_names() {
  return {std::begin(kArchitectures), std::end(kArchitectures)};
}

}  // namespace caisson::runtime::oci
