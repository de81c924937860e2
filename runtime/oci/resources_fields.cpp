// SPDX-License-Identifier: Apache-2.0
// The rows of `linux.resources`. [oci] config-linux.md, "Control groups"
#include "runtime/oci/resources.h"

namespace caisson::runtime::oci {

using enum Treatment;

std::span<const Row> rows(const Resources*) {
  static constexpr Row kRows[] = {
      field<&Resources::devices>("devices", guest),
      field<&Resources::memory>("memory", both),
      field<&Resources::cpu>("cpu", both),
      field<&Resources::pids>("pids", guest),
      field<&Resources::block_io>("blockIO", both),
      field<&Resources::unified>("unified", both,
                                 "files of the guest's cgroup v2; the host treats `memory.max`, `cpu.max`, "
                                 "`cpu.weight` and `cpuset.*` like the fields for them"),
      refuse("hugepageLimits", "the guest has no huge pages reserved; remove it"),
      refuse("network", "classID and priorities are cgroup v1 only, the guest has v2; remove it"),
      refuse("rdma", "the guest has no RDMA devices; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const DeviceRule*) {
  static constexpr Row kRows[] = {
      required<&DeviceRule::allow>("allow", guest), field<&DeviceRule::type>("type", guest),
      field<&DeviceRule::major>("major", guest),    field<&DeviceRule::minor>("minor", guest),
      field<&DeviceRule::access>("access", guest),
  };
  return kRows;
}

std::span<const Row> rows(const Memory*) {
  static constexpr Row kRows[] = {
      field<&Memory::limit>("limit", both,
                            "the guest's memory follows from it; the host's cgroup gets the overhead on top"),
      field<&Memory::reservation>("reservation", guest),
      field<&Memory::swap>("swap", guest, "converted to cgroup v2 as in runc"),
      field<&Memory::swappiness>("swappiness", noted,
                                 "cgroup v1 only; the guest has no swap, so it is met by itself"),
      field<&Memory::disable_oom_killer>("disableOOMKiller", noted,
                                         "cgroup v1 only; a warning when true, as in runc on v2"),
      field<&Memory::use_hierarchy>("useHierarchy", noted, "always so in cgroup v2"),
      field<&Memory::check_before_update>("checkBeforeUpdate", guest),
      refuse("kernel", "kernel memory has no limit of its own in cgroup v2; remove it"),
      refuse("kernelTCP", "kernel memory has no limit of its own in cgroup v2; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const Cpu*) {
  static constexpr Row kRows[] = {
      field<&Cpu::shares>("shares", both, "converted to cpu.weight as in runc"),
      field<&Cpu::quota>("quota", both, "the number of vCPUs follows from it"),
      field<&Cpu::burst>("burst", both, "at most the quota"),
      field<&Cpu::period>("period", both),
      field<&Cpu::cpus>("cpus", host, "binds caisson-vmm; the number of vCPUs follows from it"),
      field<&Cpu::mems>("mems", host, "binds caisson-vmm"),
      field<&Cpu::idle>("idle", both, "`shares` is then ignored, as in runc"),
      refuse("realtimeRuntime", "cgroup v2 has no realtime budget; remove it"),
      refuse("realtimePeriod", "cgroup v2 has no realtime budget; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const Pids*) {
  static constexpr Row kRows[] = {
      field<&Pids::limit>("limit", guest),
  };
  return kRows;
}

std::span<const Row> rows(const BlockIo*) {
  static constexpr Row kRows[] = {
      field<&BlockIo::weight>("weight", both),
      field<&BlockIo::read_bps>("throttleReadBpsDevice", host, "device numbers are the host's"),
      field<&BlockIo::write_bps>("throttleWriteBpsDevice", host),
      field<&BlockIo::read_iops>("throttleReadIOPSDevice", host),
      field<&BlockIo::write_iops>("throttleWriteIOPSDevice", host),
      refuse("leafWeight", "it has no meaning for a cgroup without children; remove it"),
      field<&BlockIo::device_weights>("weightDevice", host, "device numbers are the host's"),
  };
  return kRows;
}

std::span<const Row> rows(const WeightDevice*) {
  static constexpr Row kRows[] = {
      required<&WeightDevice::major>("major", host),
      required<&WeightDevice::minor>("minor", host),
      field<&WeightDevice::weight>("weight", host),
      refuse("leafWeight", "it has no meaning for a cgroup without children; remove it"),
  };
  return kRows;
}

std::span<const Row> rows(const ThrottleDevice*) {
  static constexpr Row kRows[] = {
      required<&ThrottleDevice::major>("major", host),
      required<&ThrottleDevice::minor>("minor", host),
      required<&ThrottleDevice::rate>("rate", host),
  };
  return kRows;
}

}  // namespace caisson::runtime::oci
