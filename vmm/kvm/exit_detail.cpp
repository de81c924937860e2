// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/exit_detail.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace caisson::vmm {
namespace {

std::string hex(unsigned long long value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%#llx", value);
  return text.data();
}

std::string describe_internal_error(const kvm_run& run) {
  std::string text = "KVM internal error: ";
  switch (run.internal.suberror) {
    case KVM_INTERNAL_ERROR_EMULATION:
      text += "it cannot emulate an instruction of the guest (suberror 1)";
      break;
    case KVM_INTERNAL_ERROR_SIMUL_EX:
      text += "unexpected simultaneous exceptions (suberror 2)";
      break;
    case KVM_INTERNAL_ERROR_DELIVERY_EV:
      text += "an exit while an event was delivered (suberror 3)";
      break;
    case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON:
      text += "the processor gave an exit reason KVM does not know (suberror 4)";
      break;
    default:
      text += "suberror " + std::to_string(run.internal.suberror);
      break;
  }
  const size_t count = std::min<size_t>(run.internal.ndata, std::size(run.internal.data));
  for (size_t i = 0; i < count; ++i) {
    text += (i == 0 ? ", data " : " ") + hex(run.internal.data[i]);
  }
  return text;
}

}  // namespace

std::string describe_exit(const kvm_run& run) {
  switch (run.exit_reason) {
    case KVM_EXIT_INTERNAL_ERROR:
      return describe_internal_error(run);
    case KVM_EXIT_FAIL_ENTRY:
      return "the processor refuses to enter the guest: hardware reason " +
             hex(run.fail_entry.hardware_entry_failure_reason);
    case KVM_EXIT_UNKNOWN:
      return "unknown exit: hardware reason " + hex(run.hw.hardware_exit_reason);
    case KVM_EXIT_SYSTEM_EVENT:
      return "system event " + std::to_string(run.system_event.type);
    default:
      return "unexpected exit " + std::to_string(run.exit_reason);
  }
}

}  // namespace caisson::vmm
