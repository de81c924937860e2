// SPDX-License-Identifier: Apache-2.0
// One virtual CPU: its KVM handle and the structure shared with the kernel. Used by one thread at a time,
// except for request_exit().
#pragma once

#include <linux/kvm.h>
#include <pthread.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/kvm/kvm.h"

namespace caisson::vmm {

class Vcpu {
 public:
  static Result<Vcpu> create(const Kvm& kvm, const Vm& vm, uint32_t id);

  [[nodiscard]] uint32_t id() const { return id_; }
  [[nodiscard]] kvm_run& run_state() const { return *run_; }
  // The ring of coalesced writes; one for the whole VM, seen through any vCPU. Null where KVM has none.
  [[nodiscard]] kvm_coalesced_mmio_ring* coalesced_ring() const;

  // The state of a CPU at the start of Linux [boot] "64-bit boot protocol", or of one that waits for INIT and
  // SIPI.
  Result<void> set_cpuid(std::span<const kvm_cpuid_entry2> entries) const;
  Result<void> set_up_common() const;
  Result<void> set_up_entry(GuestAddress entry) const;

  // KVM_RUN. 0, or the errno: EINTR after request_exit(), EAGAIN when a CPU has just been woken up.
  [[nodiscard]] int run() const;

  // Any thread: makes run() return as soon as it can, or not start at all, until clear_exit_request().
  // `thread` is where run() is called.
  void request_exit(pthread_t thread) const;
  void clear_exit_request() const;

  // [kvm-api] 4.69: spares the guest its soft-lockup complaint after a pause.
  void tell_guest_it_was_paused() const;

  // The registers that tell where the guest was, for an operator.
  [[nodiscard]] std::string describe_registers() const;

 private:
  struct Unmap {
    size_t size_bytes;
    void operator()(kvm_run* run) const;
  };

  Vcpu(UniqueFd fd, uint32_t id, std::unique_ptr<kvm_run, Unmap> run, size_t ring_offset)
      : fd_(std::move(fd)), id_(id), run_(std::move(run)), ring_offset_(ring_offset) {}

  UniqueFd fd_;
  uint32_t id_;
  std::unique_ptr<kvm_run, Unmap> run_;
  size_t ring_offset_;  // 0: none
};

}  // namespace caisson::vmm
