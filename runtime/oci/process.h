// SPDX-License-Identifier: Apache-2.0
// The process of config.json, which is also that of a process.json. Its tables: process_fields.cpp. [oci]
// config.md, "Process"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct CapabilitySet {
  uint64_t bits = 0;  // bit n is capability n of linux/capability.h
};

struct RlimitKind {
  uint32_t number = 0;  // RLIMIT_*
};

struct ConsoleSize {
  uint32_t height = 0;
  uint32_t width = 0;
};

struct User {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additional_gids;
};

struct Capabilities {
  CapabilitySet bounding;
  CapabilitySet effective;
  CapabilitySet inheritable;
  CapabilitySet permitted;
  CapabilitySet ambient;
};

struct Rlimit {
  RlimitKind type;
  uint64_t soft = 0;
  uint64_t hard = 0;
};

struct Scheduler {
  std::string policy;
  int32_t nice = 0;
  int32_t priority = 0;
  std::vector<std::string> flags;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

struct IoPriority {
  std::string io_class;
  int32_t priority = 0;
};

struct CpuAffinity {
  std::string initial;  // lists such as 0-1,3
  std::string final_;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int32_t> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<CpuAffinity> exec_cpu_affinity;
};

// These enumerations are written as strings.
Result<void> read(const Value& value, CapabilitySet& out);
Result<void> read(const Value& value, RlimitKind& out);

std::span<const Row> rows(const ConsoleSize* type);
std::span<const Row> rows(const User* type);
std::span<const Row> rows(const Capabilities* type);
std::span<const Row> rows(const Rlimit* type);
std::span<const Row> rows(const Scheduler* type);
std::span<const Row> rows(const IoPriority* type);
std::span<const Row> rows(const CpuAffinity* type);
std::span<const Row> rows(const Process* type);

}  // namespace caisson::runtime::oci
