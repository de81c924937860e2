// SPDX-License-Identifier: Apache-2.0
// Handles to /dev/kvm and to one virtual machine of it [kvm-api]; each system call has a method, its errors
// say what to do. Used by KvmMachine and by the self-test. Knows nothing of Linux or devices.
#pragma once

#include <linux/kvm.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

class Kvm {
 public:
  // Opens the device and checks that it can do what every KvmMachine needs.
  static Result<Kvm> open(const std::string& path = "/dev/kvm");

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] size_t vcpu_run_bytes() const { return vcpu_run_bytes_; }
  [[nodiscard]] int capability(unsigned long number) const;
  // KVM_GET_SUPPORTED_CPUID.
  [[nodiscard]] Result<std::vector<kvm_cpuid_entry2>> supported_cpuid() const;

 private:
  Kvm(UniqueFd fd, size_t vcpu_run_bytes) : fd_(std::move(fd)), vcpu_run_bytes_(vcpu_run_bytes) {}
  UniqueFd fd_;
  size_t vcpu_run_bytes_;
};

class Vm {
 public:
  enum class Access { read_write, read_only };

  // Makes a VM with the in-kernel PIC, IOAPIC and local APICs, and no PIT.
  static Result<Vm> create(const Kvm& kvm);

  [[nodiscard]] int fd() const { return fd_.get(); }

  // `host` must stay mapped while the VM lives. Writes to read-only memory are MMIO.
  Result<void> set_memory(uint32_t slot, GuestAddress start, std::span<std::byte> host, Access access) const;
  // A write to `event` raises pin `gsi` of the IOAPIC, as an edge.
  Result<void> connect_interrupt(uint32_t gsi, int event) const;
  // A 32-bit write of `value` at `address` signals `event` and goes nowhere else.
  Result<void> connect_write(GuestAddress address, uint32_t value, int event) const;
  // Writes to the range wait in the ring of coalesced writes until the next exit.
  Result<void> coalesce_writes(GuestAddress start, uint32_t size_bytes) const;
  Result<UniqueFd> create_vcpu(uint32_t id) const;

 private:
  explicit Vm(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace caisson::vmm
