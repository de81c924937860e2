// SPDX-License-Identifier: Apache-2.0
// linux.seccomp as it is written; seccomp.h makes a filter of it. Its tables: seccomp_fields.cpp. [oci]
// config-linux.md, "Seccomp"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct SeccompArgument {
  uint32_t index = 0;
  uint64_t value = 0;
  uint64_t value_two = 0;
  std::string op;
};

struct SeccompSyscall {
  std::vector<std::string> names;
  std::string action;
  std::optional<uint32_t> errno_ret;
  std::vector<SeccompArgument> args;
};

struct Seccomp {
  std::string default_action;
  std::optional<uint32_t> default_errno_ret;
  std::vector<std::string> architectures;
  std::vector<std::string> flags;
  std::vector<SeccompSyscall> syscalls;
  std::string listener_path;
  std::string listener_metadata;
};

std::span<const Row> rows(const SeccompArgument* type);
std::span<const Row> rows(const SeccompSyscall* type);
std::span<const Row> rows(const Seccomp* type);

}  // namespace caisson::runtime::oci
