// SPDX-License-Identifier: Apache-2.0
// The rows of `linux` but for resources and seccomp. [oci] config-linux.md
#include "runtime/oci/linux.h"

namespace caisson::runtime::oci {

using enum Treatment;

std::span<const Row> rows(const Linux*) {
  static constexpr Row kRows[] = {
      field<&Linux::namespaces>("namespaces", both),
      field<&Linux::uid_mappings>("uidMappings", guest),
      field<&Linux::gid_mappings>("gidMappings", guest),
      field<&Linux::time_offsets>("timeOffsets", guest),
      field<&Linux::devices>("devices", guest,
                             "nodes of the guest's kernel: a number means what it means there"),
      field<&Linux::cgroups_path>("cgroupsPath", both,
                                  "the cgroup of caisson-vmm, and the container's name for its own"),
      field<&Linux::resources>("resources", both),
      field<&Linux::rootfs_propagation>("rootfsPropagation", guest,
                                        "host and guest never propagate to each other"),
      field<&Linux::seccomp>("seccomp", guest, "compiled on the host"),
      field<&Linux::sysctl>("sysctl", guest),
      field<&Linux::masked_paths>("maskedPaths", guest),
      field<&Linux::readonly_paths>("readonlyPaths", guest),
      field<&Linux::personality>("personality", guest),
      refuse("mountLabel",
             "the guest kernel has no SELinux to label files for; remove it (podman: --security-opt "
             "label=disable)"),
      refuse("intelRdt", "the guest has no resctrl; remove it"),
      refuse("netDevices", "interfaces follow from the network namespace; remove it"),
      refuse("memoryPolicy", "the guest has one memory node; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const Namespace*) {
  static constexpr Row kRows[] = {
      required<&Namespace::type>("type", both,
                                 "made anew in the guest; `network` also on the host, around caisson-vmm"),
      field<&Namespace::path>("path", host,
                              "for `network`: caisson-vmm joins it on the host; others are refused"),
  };
  return kRows;
}

std::span<const Row> rows(const Device*) {
  static constexpr Row kRows[] = {
      required<&Device::type>("type", guest, "c, u, b or p"),
      required<&Device::path>("path", guest),
      field<&Device::major>("major", guest),
      field<&Device::minor>("minor", guest),
      field<&Device::file_mode>("fileMode", guest),
      field<&Device::uid>("uid", guest),
      field<&Device::gid>("gid", guest),
  };
  return kRows;
}

std::span<const Row> rows(const Personality*) {
  static constexpr Row kRows[] = {
      required<&Personality::domain>("domain", guest, "LINUX or LINUX32"),
      refuse("flags", "the specification defines none; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const TimeOffset*) {
  static constexpr Row kRows[] = {
      field<&TimeOffset::secs>("secs", guest),
      field<&TimeOffset::nanosecs>("nanosecs", guest),
  };
  return kRows;
}

}  // namespace caisson::runtime::oci
