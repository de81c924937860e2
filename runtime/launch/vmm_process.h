// SPDX-License-Identifier: Apache-2.0
// Starts caisson-vmm the way docs/launch.md says and holds it until the container is on record: a VmmProcess
// that is dropped before release() is killed and reaped. Partner: vmm/sandbox.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/launch/launch_spec.h"
#include "runtime/relay/caught_signals.h"
#include "runtime/system/process_identity.h"

namespace caisson::runtime {

struct VmmSpec {
  std::string program;
  LaunchSpec spec;
  std::vector<int> descriptors;          // DescriptorList::sources
  bool controlling_terminal = false;     // descriptor 0 becomes that, so that window changes are signalled
  int network_namespace = -1;            // the one to join; -1: a new, empty one
  std::vector<int> cgroup_members = {};  // HostCgroup::members: "0" is written to each by one thread
};

class VmmProcess {
 public:
  static Result<VmmProcess> spawn(VmmSpec request);
  VmmProcess(VmmProcess&&) = default;
  VmmProcess& operator=(VmmProcess&&) = delete;
  ~VmmProcess();

  [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

  // Returns the machine's report, or why there is none: ETIMEDOUT at the deadline, ECHILD if caisson-vmm
  // ended without a word, EINTR if a signal asked caisson to end.
  Result<LaunchStatus> wait_ready(std::chrono::steady_clock::time_point deadline,
                                  const CaughtSignals& signals);
  // The container is on record. From now on caisson-vmm outlives this process.
  Result<void> commit();
  // The destructor kills it no more.
  void release() { owned_ = false; }
  // Reaps it: its exit code, 128+n when a signal ended it.
  Result<int> wait_exit();

 private:
  VmmProcess(ProcessIdentity identity, UniqueFd pidfd, UniqueFd status)
      : identity_(identity), pidfd_(std::move(pidfd)), status_(std::move(status)) {}
  Result<LaunchStatus> receive_status();

  ProcessIdentity identity_;
  UniqueFd pidfd_;
  UniqueFd status_;
  struct Owned {  // moves as a flag that stays behind cleared
    bool value = true;
    Owned() = default;
    Owned(Owned&& other) noexcept : value(std::exchange(other.value, false)) {}
    Owned& operator=(bool now) {
      value = now;
      return *this;
    }
  } owned_;
};

}  // namespace caisson::runtime
