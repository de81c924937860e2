// SPDX-License-Identifier: Apache-2.0
// config.json as typed values. Made by parse_config() (config_fields.cpp and its siblings hold the tables),
// read by runtime/lifecycle, runtime/cgroup and the commands. Plain values: no member is checked against the
// host here. [oci] config.md, config-linux.md
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct CapabilitySet {
  uint64_t bits = 0;  // bit n is capability n of linux/capability.h
};
struct RlimitKind {
  uint32_t number = 0;  // RLIMIT_*
};
struct NamespaceKind {
  uint64_t flag = 0;  // CLONE_NEW*
};
struct Propagation {
  uint64_t flags = 0;  // MS_PRIVATE, … [| MS_REC]
};
struct DeviceType {
  char letter = 'a';  // a, b, c, u, p
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

struct Root {
  std::string path;
  bool read_only = false;
};

struct IdMapping {
  uint32_t container_id = 0;
  uint32_t host_id = 0;
  uint32_t size = 0;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
};

struct Hook {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::optional<int32_t> timeout;  // seconds, above zero
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

struct Namespace {
  NamespaceKind type;
  std::string path;
};

struct Device {
  DeviceType type;
  std::string path;
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint32_t> file_mode;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

struct DeviceRule {
  bool allow = false;
  DeviceType type;
  std::optional<int64_t> major;
  std::optional<int64_t> minor;
  std::string access;
};

struct Memory {
  std::optional<int64_t> limit;
  std::optional<int64_t> reservation;
  std::optional<int64_t> swap;
  std::optional<uint64_t> swappiness;
  bool disable_oom_killer = false;
  bool use_hierarchy = false;
  bool check_before_update = false;
};

struct Cpu {
  std::optional<uint64_t> shares;
  std::optional<int64_t> quota;
  std::optional<uint64_t> burst;
  std::optional<uint64_t> period;
  std::string cpus;
  std::string mems;
  std::optional<int64_t> idle;
};

struct Pids {
  std::optional<int64_t> limit;
};

struct ThrottleDevice {
  int64_t major = 0;
  int64_t minor = 0;
  uint64_t rate = 0;
};

struct WeightDevice {
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint16_t> weight;
};

struct BlockIo {
  std::optional<uint16_t> weight;
  std::vector<WeightDevice> device_weights;
  std::vector<ThrottleDevice> read_bps;
  std::vector<ThrottleDevice> write_bps;
  std::vector<ThrottleDevice> read_iops;
  std::vector<ThrottleDevice> write_iops;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<Memory> memory;
  std::optional<Cpu> cpu;
  std::optional<Pids> pids;
  std::optional<BlockIo> block_io;
  std::map<std::string, std::string> unified;
};

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

struct Personality {
  std::string domain;
};

struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, TimeOffset> time_offsets;
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  Propagation rootfs_propagation;  // 0: not given
  std::optional<Seccomp> seccomp;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::optional<Personality> personality;

  [[nodiscard]] const Namespace* find_namespace(uint64_t flag) const;
};

struct Config {
  std::string oci_version;
  std::optional<Process> process;
  Root root;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  Linux linux_;  // `linux` is a macro of the compiler
};

// The text of config.json; every error carries the JSON path of its cause.
Result<Config> parse_config(std::string_view text);
// The text of a process.json (exec --process) and of an update's resources.
Result<Process> parse_process(std::string_view text);
Result<Resources> parse_resources(std::string_view text);

// The rows of config.json's top level; the page docs/oci-support.md is made of them.
std::span<const Row> config_rows();

// Of enumerations written as strings.
Result<void> read(const Value& value, CapabilitySet& out);
Result<void> read(const Value& value, RlimitKind& out);
Result<void> read(const Value& value, NamespaceKind& out);
Result<void> read(const Value& value, Propagation& out);
Result<void> read(const Value& value, DeviceType& out);

std::span<const Row> rows(const ConsoleSize* type);
std::span<const Row> rows(const User* type);
std::span<const Row> rows(const Capabilities* type);
std::span<const Row> rows(const Rlimit* type);
std::span<const Row> rows(const Scheduler* type);
std::span<const Row> rows(const IoPriority* type);
std::span<const Row> rows(const CpuAffinity* type);
std::span<const Row> rows(const Process* type);
std::span<const Row> rows(const Root* type);
std::span<const Row> rows(const IdMapping* type);
std::span<const Row> rows(const Mount* type);
std::span<const Row> rows(const Hook* type);
std::span<const Row> rows(const Hooks* type);
std::span<const Row> rows(const Namespace* type);
std::span<const Row> rows(const Device* type);
std::span<const Row> rows(const DeviceRule* type);
std::span<const Row> rows(const Memory* type);
std::span<const Row> rows(const Cpu* type);
std::span<const Row> rows(const Pids* type);
std::span<const Row> rows(const ThrottleDevice* type);
std::span<const Row> rows(const WeightDevice* type);
std::span<const Row> rows(const BlockIo* type);
std::span<const Row> rows(const Resources* type);
std::span<const Row> rows(const SeccompArgument* type);
std::span<const Row> rows(const SeccompSyscall* type);
std::span<const Row> rows(const Seccomp* type);
std::span<const Row> rows(const Personality* type);
std::span<const Row> rows(const TimeOffset* type);
std::span<const Row> rows(const Linux* type);
std::span<const Row> rows(const Config* type);

}  // namespace caisson::runtime::oci
