// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/kvm.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/uninterrupted.h"
#include "vmm/boot/layout.h"
#include "vmm/kvm/entry_list.h"

namespace caisson::vmm {
namespace {

struct Need {
  unsigned long capability;
  const char* name;
};

// In the kernel since 4.11 at the latest.
constexpr std::array kNeeds = {
    Need{KVM_CAP_IRQCHIP, "in-kernel interrupt controllers"},
    Need{KVM_CAP_USER_MEMORY, "user memory"},
    Need{KVM_CAP_SET_TSS_ADDR, "a TSS address"},
    Need{KVM_CAP_EXT_CPUID, "CPUID tables"},
    Need{KVM_CAP_IRQFD, "interrupts by eventfd"},
    Need{KVM_CAP_IOEVENTFD, "eventfds by write"},
    Need{KVM_CAP_IMMEDIATE_EXIT, "immediate exits"},
    Need{KVM_CAP_TSC_DEADLINE_TIMER, "TSC deadline timers"},
};

// LIMIT: KVM_MAX_CPUID_ENTRIES of the kernel.
constexpr size_t kMaxCpuidEntries = 256;

// EINTR: creating a VM may wait for other CPUs, and a kick may come meanwhile.
int retry_ioctl(int fd, unsigned long request, unsigned long argument) {
  return uninterrupted([&] { return ::ioctl(fd, request, argument); });
}

}  // namespace

Result<Kvm> Kvm::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) {
    const int code = errno;
    const char* remedy =
        code == ENOENT
            ? " (load the kernel module kvm_intel or kvm_amd, or turn virtualization on in the firmware)"
        : code == EACCES ? " (run as root, or join the group kvm)"
                         : "";
    return fail(code, "open " + path + ": " + std::strerror(code) + remedy);
  }
  const int version = ::ioctl(fd.get(), KVM_GET_API_VERSION, 0);
  if (version != KVM_API_VERSION) {
    return fail(ENOTSUP,
                "open " + path + ": it does not speak KVM version " + std::to_string(KVM_API_VERSION));
  }
  const int run_bytes = ::ioctl(fd.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_bytes < static_cast<int>(sizeof(kvm_run))) {
    return fail_errno("ask " + path + " for the size of a vCPU");
  }
  Kvm kvm(std::move(fd), static_cast<size_t>(run_bytes));
  for (const Need& need : kNeeds) {
    if (kvm.capability(need.capability) <= 0) {
      return fail(ENOTSUP,
                  "open " + path + ": this KVM has no " + need.name + "; a newer host kernel is needed");
    }
  }
  return kvm;
}

int Kvm::capability(unsigned long number) const {
  return ::ioctl(fd_.get(), KVM_CHECK_EXTENSION, number);
}

Result<std::vector<kvm_cpuid_entry2>> Kvm::supported_cpuid() const {
  EntryList<kvm_cpuid_entry2> table{std::vector<kvm_cpuid_entry2>(kMaxCpuidEntries)};
  if (::ioctl(fd_.get(), kGetSupportedCpuid, table.data()) < 0) {
    return fail_errno("get CPUID of KVM");
  }
  return table.entries();
}

Result<Vm> Vm::create(const Kvm& kvm) {
  UniqueFd fd(retry_ioctl(kvm.fd(), KVM_CREATE_VM, 0));
  if (!fd) {
    return fail_errno("create virtual machine");
  }
  // [kvm-api] 4.35 and 4.41: before any vCPU; Intel only, harmless elsewhere.
  const uint64_t identity_map = to_u64(layout::kKvmIdentityMap);
  if (::ioctl(fd.get(), KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0 ||
      ::ioctl(fd.get(), KVM_SET_TSS_ADDR, to_u64(layout::kKvmTss)) < 0) {
    return fail_errno("place KVM's own pages");
  }
  if (::ioctl(fd.get(), KVM_CREATE_IRQCHIP, 0) < 0) {
    return fail_errno("create interrupt controllers");
  }
  return Vm(std::move(fd));
}

Result<void> Vm::set_memory(uint32_t slot, GuestAddress start, std::span<std::byte> host,
                            Access access) const {
  const kvm_userspace_memory_region region{
      .slot = slot,
      .flags = access == Access::read_only ? uint32_t{KVM_MEM_READONLY} : 0,
      .guest_phys_addr = to_u64(start),
      .memory_size = host.size(),
      .userspace_addr = reinterpret_cast<uintptr_t>(host.data()),
  };
  if (::ioctl(fd_.get(), KVM_SET_USER_MEMORY_REGION, &region) < 0) {
    return fail_errno("give the guest " + std::to_string(host.size()) + " bytes of memory");
  }
  return {};
}

Result<void> Vm::connect_interrupt(uint32_t gsi, int event) const {
  kvm_irqfd irqfd{};
  irqfd.fd = static_cast<uint32_t>(event);
  irqfd.gsi = gsi;
  if (::ioctl(fd_.get(), KVM_IRQFD, &irqfd) < 0) {
    return fail_errno("connect interrupt " + std::to_string(gsi));
  }
  return {};
}

Result<void> Vm::connect_write(GuestAddress address, uint32_t value, int event) const {
  kvm_ioeventfd ioeventfd{};
  ioeventfd.datamatch = value;
  ioeventfd.addr = to_u64(address);
  ioeventfd.len = sizeof(value);
  ioeventfd.fd = event;
  ioeventfd.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
  if (::ioctl(fd_.get(), KVM_IOEVENTFD, &ioeventfd) < 0) {
    return fail_errno("connect a device's notification");
  }
  return {};
}

Result<void> Vm::coalesce_writes(GuestAddress start, uint32_t size_bytes) const {
  kvm_coalesced_mmio_zone zone{};
  zone.addr = to_u64(start);
  zone.size = size_bytes;
  if (::ioctl(fd_.get(), KVM_REGISTER_COALESCED_MMIO, &zone) < 0) {
    return fail_errno("coalesce writes of a device");
  }
  return {};
}

Result<UniqueFd> Vm::create_vcpu(uint32_t id) const {
  UniqueFd fd(retry_ioctl(fd_.get(), KVM_CREATE_VCPU, id));
  if (!fd) {
    return fail_errno("create vCPU " + std::to_string(id));
  }
  return fd;
}

}  // namespace caisson::vmm
