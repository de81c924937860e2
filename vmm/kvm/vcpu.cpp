// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/vcpu.h"

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "vmm/boot/layout.h"
#include "vmm/boot/page_tables.h"
#include "vmm/kvm/entry_list.h"

namespace caisson::vmm {
namespace {

// [sdm] 2.5, 2.2.1.
constexpr uint64_t CR0_PE = 1U << 0U;
constexpr uint64_t CR0_ET = 1U << 4U;
constexpr uint64_t CR0_NE = 1U << 5U;
constexpr uint64_t CR0_WP = 1U << 16U;
constexpr uint64_t CR0_PG = 1U << 31U;
constexpr uint64_t CR4_PAE = 1U << 5U;
constexpr uint64_t CR4_OSFXSR = 1U << 9U;
constexpr uint64_t EFER_LME = 1U << 8U;
constexpr uint64_t EFER_LMA = 1U << 10U;

// [sdm] 12.5.1: local vector table, delivery modes.
constexpr size_t kLvtLint0 = 0x350;
constexpr size_t kLvtLint1 = 0x360;
constexpr uint32_t kDeliverNmi = 4U << 8U;
constexpr uint32_t kDeliverExternal = 7U << 8U;
constexpr uint32_t kLvtModeMask = 7U << 8U;
constexpr uint32_t kLvtMasked = 1U << 16U;

// [sdm] 2.16, 12.11.2.1: what firmware leaves behind.
constexpr uint32_t MSR_IA32_MISC_ENABLE = 0x1a0;
constexpr uint64_t kFastStrings = 1;
constexpr uint32_t MSR_MTRRdefType = 0x2ff;
constexpr uint64_t kMtrrEnabledWriteBack = (1U << 11U) | 6U;

kvm_segment segment(uint16_t selector, uint8_t type, bool is_code) {
  kvm_segment value{};
  value.limit = 0xffff'ffff;
  value.selector = selector;
  value.type = type;
  value.present = 1;
  value.db = is_code ? 0 : 1;
  value.s = 1;
  value.l = is_code ? 1 : 0;
  value.g = 1;
  return value;
}

int kick_signal() {
  return SIGRTMIN;
}

// The signal's only work is to end KVM_RUN with EINTR.
void install_kick_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(kick_signal(), &action, nullptr);
  });
}

void set_lvt(kvm_lapic_state& lapic, size_t offset, uint32_t mode) {
  uint32_t value = 0;
  std::memcpy(&value, lapic.regs + offset, sizeof(value));
  value = (value & ~(kLvtModeMask | kLvtMasked)) | mode;
  std::memcpy(lapic.regs + offset, &value, sizeof(value));
}

}  // namespace

void Vcpu::Unmap::operator()(kvm_run* run) const {
  ::munmap(run, size_bytes);
}

Result<Vcpu> Vcpu::create(const Kvm& kvm, const Vm& vm, uint32_t id) {
  install_kick_handler();
  UniqueFd fd = TRY(vm.create_vcpu(id));
  const size_t size = kvm.vcpu_run_bytes();
  void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) {
    return fail_errno("map state of vCPU " + std::to_string(id));
  }
  std::unique_ptr<kvm_run, Unmap> run(static_cast<kvm_run*>(mapped), Unmap{size});
  const int ring_page = kvm.capability(KVM_CAP_COALESCED_MMIO);
  const size_t ring_offset = ring_page > 0 ? static_cast<size_t>(ring_page) * 4096 : 0;
  return Vcpu(std::move(fd), id, std::move(run), ring_offset + 4096 <= size ? ring_offset : 0);
}

kvm_coalesced_mmio_ring* Vcpu::coalesced_ring() const {
  return ring_offset_ == 0
             ? nullptr
             : reinterpret_cast<kvm_coalesced_mmio_ring*>(reinterpret_cast<char*>(run_.get()) + ring_offset_);
}

Result<void> Vcpu::set_cpuid(std::span<const kvm_cpuid_entry2> entries) const {
  EntryList<kvm_cpuid_entry2> table(entries);
  if (::ioctl(fd_.get(), kSetCpuid2, table.data()) < 0) {
    return fail_errno("set CPUID of vCPU " + std::to_string(id_));
  }
  return {};
}

Result<void> Vcpu::set_up_common() const {
  constexpr std::array kMsrs = {
      kvm_msr_entry{.index = MSR_IA32_MISC_ENABLE, .reserved = 0, .data = kFastStrings},
      kvm_msr_entry{.index = MSR_MTRRdefType, .reserved = 0, .data = kMtrrEnabledWriteBack}};
  EntryList<kvm_msr_entry> msrs(kMsrs);
  if (::ioctl(fd_.get(), kSetMsrs, msrs.data()) != static_cast<int>(kMsrs.size())) {
    return fail_errno("set model-specific registers of vCPU " + std::to_string(id_));
  }
  kvm_fpu fpu{};
  fpu.fcw = 0x37f;
  fpu.mxcsr = 0x1f80;
  if (::ioctl(fd_.get(), KVM_SET_FPU, &fpu) < 0) {
    return fail_errno("set floating-point state of vCPU " + std::to_string(id_));
  }
  // Virtual wire mode, as the device tree says: the PIC through LINT0, NMI through LINT1 of the first CPU.
  kvm_lapic_state lapic{};
  if (::ioctl(fd_.get(), KVM_GET_LAPIC, &lapic) < 0) {
    return fail_errno("get local APIC of vCPU " + std::to_string(id_));
  }
  set_lvt(lapic, kLvtLint0, id_ == 0 ? kDeliverExternal : kLvtMasked);
  set_lvt(lapic, kLvtLint1, kDeliverNmi);
  if (::ioctl(fd_.get(), KVM_SET_LAPIC, &lapic) < 0) {
    return fail_errno("set local APIC of vCPU " + std::to_string(id_));
  }
  return {};
}

Result<void> Vcpu::set_up_entry(GuestAddress entry) const {
  kvm_sregs sregs{};
  if (::ioctl(fd_.get(), KVM_GET_SREGS, &sregs) < 0) {
    return fail_errno("get system registers of vCPU " + std::to_string(id_));
  }
  // [sdm] 3.4.5.1: accessed code, execute and read; accessed data, read and write.
  sregs.cs = segment(kBootCodeSelector, 11, true);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(kBootDataSelector, 3, false);
  sregs.gdt.base = to_u64(layout::kGdt);
  sregs.gdt.limit = sizeof(kBootGdt) - 1;
  sregs.idt.base = 0;
  sregs.idt.limit = 0;
  sregs.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
  sregs.cr3 = to_u64(layout::kPageTables);
  sregs.cr4 = CR4_PAE | CR4_OSFXSR;
  sregs.efer = EFER_LME | EFER_LMA;
  if (::ioctl(fd_.get(), KVM_SET_SREGS, &sregs) < 0) {
    return fail_errno("set system registers of vCPU " + std::to_string(id_));
  }
  kvm_regs regs{};
  regs.rip = to_u64(entry);
  regs.rsi = to_u64(layout::kBootParams);
  regs.rsp = regs.rbp = to_u64(layout::kBootStackTop);
  regs.rflags = 2;  // [sdm] 3.4.3: bit 1 is always set; interrupts are off
  if (::ioctl(fd_.get(), KVM_SET_REGS, &regs) < 0) {
    return fail_errno("set registers of vCPU " + std::to_string(id_));
  }
  return {};
}

int Vcpu::run() const {
  return ::ioctl(fd_.get(), KVM_RUN, 0) < 0 ? errno : 0;
}

void Vcpu::request_exit(pthread_t thread) const {
  // ORDERING: the flag before the signal: a signal that comes before KVM_RUN finds the flag set [kvm-api] 5.
  std::atomic_ref(run_->immediate_exit).store(1);
  ::pthread_kill(thread, kick_signal());
}

void Vcpu::clear_exit_request() const {
  std::atomic_ref(run_->immediate_exit).store(0);
}

void Vcpu::tell_guest_it_was_paused() const {
  // Refused where the guest has no kvm-clock: then there is nobody to tell.
  (void)::ioctl(fd_.get(), KVM_KVMCLOCK_CTRL, 0);
}

std::string Vcpu::describe_registers() const {
  kvm_regs regs{};
  kvm_sregs sregs{};
  if (::ioctl(fd_.get(), KVM_GET_REGS, &regs) < 0 || ::ioctl(fd_.get(), KVM_GET_SREGS, &sregs) < 0) {
    return "registers unknown";
  }
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(),
                "cpu %u rip %#llx rsp %#llx rflags %#llx cs %#x cpl %u rax %#llx rbx %#llx rcx %#llx rdx "
                "%#llx rsi %#llx "
                "rdi %#llx cr0 %#llx cr2 %#llx cr3 %#llx cr4 %#llx efer %#llx",
                id_, regs.rip, regs.rsp, regs.rflags, sregs.cs.selector, sregs.ss.dpl, regs.rax, regs.rbx,
                regs.rcx, regs.rdx, regs.rsi, regs.rdi, sregs.cr0, sregs.cr2, sregs.cr3, sregs.cr4,
                sregs.efer);
  return text.data();
}

}  // namespace caisson::vmm
