// SPDX-License-Identifier: Apache-2.0
// The record of one container: state.json in its directory. It is written whole and read whole. What it says
// of a process is checked against the process itself (current_status), so nobody has to write when
// caisson-vmm is killed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/guest_layout.h"
#include "common/result.h"
#include "runtime/oci/limits.h"
#include "runtime/system/process_identity.h"

namespace caisson::runtime {

// [oci] runtime.md, "State"; paused is runc's.
enum class Status { creating, created, running, paused, stopped };
[[nodiscard]] std::string_view status_name(Status status);

// How much of its machine the guest has, and how much it may get (docs/decisions/0006-growth.md).
struct GuestSize {
  guest_layout::Ram ram;
  uint64_t max_memory_bytes = 0;  // all RAM of the machine
  uint64_t by_need_bytes = 0;     // how far it grows without being asked; 0: not at all
  uint32_t cpus = 0;
  uint32_t max_cpus = 0;

  bool operator==(const GuestSize&) const = default;
};

// The CPU time that the container may use: `quota_us` of each `period_us`. -1 is no limit.
struct CpuTime {
  int64_t quota_us = -1;
  uint64_t period_us = oci::kDefaultCpuPeriodUs;

  bool operator==(const CpuTime&) const = default;
};

struct ContainerState {
  std::string id;
  std::string oci_version;
  Status status = Status::creating;
  std::string bundle;  // absolute
  std::string rootfs;  // absolute
  // Its program has been let go. A container that is paused before that is `created` again once it is
  // resumed.
  bool started = false;
  // The guest has been asked to let the program go, and its answer is not on record: the asking `start` still
  // runs, or was killed. The container counts as running, except for `start`, which may ask again.
  bool is_starting = false;
  // The process that makes the container, and in the foreground stays until the container ends. If it is
  // dead, the container cannot be `creating` any more.
  ProcessIdentity maker;
  uint64_t pid_namespace = 0;  // its inode: the maker and caisson-vmm have their numbers there
  // The maker deletes the container when it has ended. If the maker is killed before, the next command does
  // (sweep.h).
  bool is_makers = false;
  std::string created;  // RFC 3339, UTC, nanoseconds
  std::map<std::string, std::string> annotations;
  uint32_t owner = 0;         // uid of its creator
  ProcessIdentity vmm;        // pid 0: not started yet
  uint64_t init_process = 0;  // the agent's name of the first process
  std::string machine;        // "kvm" or "qemu"
  GuestSize guest;
  CpuTime cpu_time;
  std::string cgroup_path;   // path of its cgroup on the host, beneath each hierarchy; empty: it has none
  std::string systemd_unit;  // the scope whose cgroup it is; empty: caisson made the cgroup itself
  std::vector<std::string> cgroups;  // directories made on the host, to be removed with the container

  // The recorded status, or stopped when caisson-vmm has gone.
  [[nodiscard]] Status current_status() const;
};

[[nodiscard]] std::string to_json(const ContainerState& state);
Result<ContainerState> parse_container_state(std::string_view json);

// The state document of the specification, for hooks.
[[nodiscard]] std::string oci_state_json(const ContainerState& state, Status status);

// From exit.json, which caisson-vmm leaves behind (protocol/sandbox/exit_record.h): why a container ended, if
// it did not end by itself (out of memory, or its guest is lost). Empty for an ordinary end, and for a
// malformed text.
[[nodiscard]] std::string reason_of_end(std::string_view exit_json);

// The present time, in the form of `created`.
[[nodiscard]] std::string timestamp_now();

}  // namespace caisson::runtime
