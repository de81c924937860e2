// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/select_machine.h"

#include "vmm/kvm/kvm_machine.h"
#include "vmm/kvm/self_test/self_test.h"
#include "vmm/qemu/qemu_machine.h"

namespace caisson::vmm {
namespace {

Result<Selected> make_kvm(const MachineConfig& config, EventLoop& main_loop) {
  return Selected{.machine = TRY(KvmMachine::create(config, main_loop)),
                  .name = std::string(name_of(Hypervisor::kvm)),
                  .announcement = ""};
}

Result<Selected> make_qemu(const MachineConfig& config, EventLoop& main_loop, std::string announcement) {
  return Selected{.machine = TRY(QemuMachine::create(config, main_loop)),
                  .name = std::string(name_of(Hypervisor::qemu)),
                  .announcement = std::move(announcement)};
}

Result<Selected> choose(const MachineConfig& config, EventLoop& main_loop) {
  if (config.count_instructions) {
    return make_qemu(config, main_loop, "using QEMU's software emulation: KVM cannot count instructions");
  }
  const KvmVerdict verdict = test_kvm();
  if (verdict.is_usable()) {
    return make_kvm(config, main_loop);
  }
  const std::string why = "KVM cannot run Linux on this host (" + verdict.reason() + ")";
  Result<Selected> fallback =
      make_qemu(config, main_loop, why + "; using QEMU's software emulation, which is slower");
  if (!fallback) {
    return tl::unexpected(with_context(why + ", nor can QEMU", std::move(fallback).error()));
  }
  return fallback;
}

}  // namespace

Result<Selected> select_machine(Hypervisor wanted, const MachineConfig& config, EventLoop& main_loop) {
  switch (wanted) {
    case Hypervisor::kvm: {
      if (const KvmVerdict verdict = test_kvm(); !verdict.is_usable()) {
        return fail(ENOTSUP, "use KVM: " + verdict.reason() + "; choose the hypervisor qemu or auto");
      }
      return make_kvm(config, main_loop);
    }
    case Hypervisor::qemu:
      return make_qemu(config, main_loop, "");
    case Hypervisor::automatic:
      break;
  }
  return choose(config, main_loop);
}

}  // namespace caisson::vmm
