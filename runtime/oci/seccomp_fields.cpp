// SPDX-License-Identifier: Apache-2.0
// The rows of `linux.seccomp`; seccomp.cpp compiles what they read. [oci] config-linux.md, "Seccomp"
#include "runtime/oci/seccomp_profile.h"

namespace caisson::runtime::oci {

using enum Treatment;

std::span<const Row> rows(const Seccomp*) {
  static constexpr Row kRows[] = {
      required<&Seccomp::default_action>(
          "defaultAction", guest,
          "if it denies, calls newer than every listed name get ENOSYS, as in runc; `SCMP_ACT_NOTIFY` is "
          "refused: its listener would be on the host"),
      field<&Seccomp::default_errno_ret>("defaultErrnoRet", guest),
      field<&Seccomp::architectures>("architectures", guest),
      field<&Seccomp::flags>("flags", guest),
      field<&Seccomp::syscalls>("syscalls", guest),
      field<&Seccomp::listener_path>("listenerPath", noted,
                                     "only `SCMP_ACT_NOTIFY` would use it, which is refused"),
      field<&Seccomp::listener_metadata>("listenerMetadata", noted, "there is no listener to be told"),
  };
  return kRows;
}

std::span<const Row> rows(const SeccompSyscall*) {
  static constexpr Row kRows[] = {
      required<&SeccompSyscall::names>("names", guest,
                                       "names unknown to libseccomp are passed over, as in runc"),
      required<&SeccompSyscall::action>("action", guest),
      field<&SeccompSyscall::errno_ret>("errnoRet", guest),
      field<&SeccompSyscall::args>("args", guest),
  };
  return kRows;
}

std::span<const Row> rows(const SeccompArgument*) {
  static constexpr Row kRows[] = {
      required<&SeccompArgument::index>("index", guest),
      required<&SeccompArgument::value>("value", guest),
      field<&SeccompArgument::value_two>("valueTwo", guest),
      required<&SeccompArgument::op>("op", guest),
  };
  return kRows;
}

}  // namespace caisson::runtime::oci
