// SPDX-License-Identifier: Apache-2.0
// What is on record of one container: state.json in its directory. Written whole, read whole; what it says of
// a process is checked against the process itself (current_status), so that a power cut of caisson-vmm needs
// no writer.
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

// What the guest has of its machine, and what it may be given (docs/decisions/0006-growth.md).
struct GuestSize {
  guest_layout::Ram ram;
  uint64_t max_memory_bytes = 0;  // all RAM of the machine
  uint64_t by_need_bytes = 0;     // how far it grows without being asked; 0: not at all
  uint32_t cpus = 0;
  uint32_t max_cpus = 0;

  bool operator==(const GuestSize&) const = default;
};

// What of CPU time the container may use: `quota_us` of each `period_us`; -1 is no limit.
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
  // Its program has been let go. What is paused before that is created again when it is resumed.
  bool started = false;
  // The guest has been asked to let it go, and what it answered is not on record: whoever asked is at it, or
  // was killed. To all but `start`, which may ask again, it is running.
  bool is_starting = false;
  // Who makes it, and in the foreground stays with it until it ends. Dead, it can no longer be `creating`.
  ProcessIdentity maker;
  uint64_t pid_namespace = 0;  // in which it and caisson-vmm have their numbers; its inode
  // The maker takes it away when it has ended; should it be killed before, whoever comes next does (sweep.h).
  bool is_makers = false;
  std::string created;  // RFC 3339, UTC, nanoseconds
  std::map<std::string, std::string> annotations;
  uint32_t owner = 0;         // uid of who created it
  ProcessIdentity vmm;        // pid 0: not started yet
  uint64_t init_process = 0;  // the agent's name of the first process
  std::string machine;        // "kvm" or "qemu"
  GuestSize guest;
  CpuTime cpu_time;
  std::string cgroup_path;           // of its limits on the host, beneath each hierarchy; empty: it has none
  std::string systemd_unit;          // the scope whose cgroup it is; empty: we made it ourselves
  std::vector<std::string> cgroups;  // directories made on the host, to be removed with the container

  // The recorded status, or stopped when caisson-vmm has gone.
  [[nodiscard]] Status current_status() const;
};

[[nodiscard]] std::string to_json(const ContainerState& state);
Result<ContainerState> parse_container_state(std::string_view json);

// The state document of the specification, for hooks.
[[nodiscard]] std::string oci_state_json(const ContainerState& state, Status status);

// From exit.json, which caisson-vmm leaves behind (protocol/sandbox/exit_record.h): why a container ended,
// where that is not its own doing: out of memory, or its guest lost. Empty for an ordinary end, and when the
// text is not what it should be.
[[nodiscard]] std::string reason_of_end(std::string_view exit_json);

// Now, as `created` wants it.
[[nodiscard]] std::string timestamp_now();

}  // namespace caisson::runtime
