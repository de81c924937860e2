// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/limits.h"

#include "runtime/bundle/guest_resources.h"
#include "runtime/oci/limits.h"

namespace caisson::runtime {
namespace {

using std::to_string;

void add_cpuset(const oci::Cpu& cpu, std::vector<CgroupWrite>& writes) {
  if (!cpu.cpus.empty()) writes.push_back({"cpuset", "cpuset.cpus", cpu.cpus, "linux.resources.cpu.cpus"});
  if (!cpu.mems.empty()) writes.push_back({"cpuset", "cpuset.mems", cpu.mems, "linux.resources.cpu.mems"});
}

// The kernel takes no weight for what runs idle.
bool has_weight(const oci::Cpu& cpu) {
  return cpu.shares.value_or(0) != 0 && cpu.idle.value_or(0) == 0;
}

void add_idle(const oci::Cpu& cpu, std::vector<CgroupWrite>& writes) {
  if (cpu.idle) writes.push_back({"cpu", "cpu.idle", to_string(*cpu.idle), "linux.resources.cpu.idle"});
}

// The kernel keeps the burst within the quota at every moment, and either may become less or more: none while
// the quota changes.
void add_burst(const oci::Cpu& cpu, const char* file, uint64_t burst, std::vector<CgroupWrite>& writes) {
  if (cpu.burst) writes.push_back({"cpu", file, to_string(burst), "linux.resources.cpu.burst"});
}

// One line a device and limit: "<major>:<minor> <value>".
void add_v1_throttle(const std::vector<oci::ThrottleDevice>& devices, const char* file, const char* field,
                     std::vector<CgroupWrite>& writes) {
  for (const oci::ThrottleDevice& device : devices) {
    writes.push_back({"blkio", file,
                      to_string(device.major) + ":" + to_string(device.minor) + " " + to_string(device.rate),
                      field});
  }
}

std::string for_device(const oci::WeightDevice& device, const std::string& weight) {
  return to_string(device.major) + ":" + to_string(device.minor) + " " + weight;
}

// BFQ's files where there are any; on v1 those of CFQ, which older kernels have.
void add_v1_weights(const oci::BlockIo& io, std::vector<CgroupWrite>& writes) {
  if (io.weight.value_or(0) != 0) {
    const std::string weight = to_string(*io.weight);
    writes.push_back(
        {"blkio", "blkio.weight", weight, "linux.resources.blockIO.weight", "blkio.bfq.weight", weight});
  }
  for (const oci::WeightDevice& device : io.device_weights) {
    if (device.weight.value_or(0) != 0) {
      const std::string text = for_device(device, to_string(*device.weight));
      writes.push_back({"blkio", "blkio.weight_device", text, "linux.resources.blockIO.weightDevice",
                        "blkio.bfq.weight_device", text});
    }
  }
}

// BFQ keeps the range of v1.
void add_v2_weights(const oci::BlockIo& io, std::vector<CgroupWrite>& writes) {
  if (io.weight.value_or(0) != 0) {
    writes.push_back({"io", "io.weight", to_string(io_weight_of_blkio(*io.weight)),
                      "linux.resources.blockIO.weight", "io.bfq.weight", to_string(*io.weight)});
  }
  for (const oci::WeightDevice& device : io.device_weights) {
    if (device.weight.value_or(0) != 0) {
      writes.push_back({"io", "io.weight", for_device(device, to_string(io_weight_of_blkio(*device.weight))),
                        "linux.resources.blockIO.weightDevice", "io.bfq.weight",
                        for_device(device, to_string(*device.weight))});
    }
  }
}

void add_v2_throttle(const std::vector<oci::ThrottleDevice>& devices, const char* key, const char* field,
                     std::vector<CgroupWrite>& writes) {
  for (const oci::ThrottleDevice& device : devices) {
    writes.push_back({"io", "io.max",
                      to_string(device.major) + ":" + to_string(device.minor) + " " + key + "=" +
                          (device.rate == 0 ? "max" : to_string(device.rate)),
                      field});
  }
}

}  // namespace

std::vector<CgroupWrite> v1_writes(const oci::Resources& resources, uint64_t guest_memory_bytes) {
  std::vector<CgroupWrite> writes;
  if (oci::memory_limit(resources)) {
    writes.push_back({"memory", "memory.limit_in_bytes", to_string(guest_memory_bytes + kHostOverheadBytes),
                      "linux.resources.memory.limit"});
  }
  if (const auto& cpu = resources.cpu) {
    add_idle(*cpu, writes);
    if (has_weight(*cpu)) {
      writes.push_back({"cpu", "cpu.shares", to_string(*cpu->shares), "linux.resources.cpu.shares"});
    }
    add_burst(*cpu, "cpu.cfs_burst_us", 0, writes);
    if (cpu->period.value_or(0) != 0) {
      writes.push_back({"cpu", "cpu.cfs_period_us", to_string(*cpu->period), "linux.resources.cpu.period"});
    }
    if (cpu->quota.value_or(0) != 0) {
      writes.push_back({"cpu", "cpu.cfs_quota_us", to_string(*cpu->quota), "linux.resources.cpu.quota"});
    }
    add_burst(*cpu, "cpu.cfs_burst_us", cpu->burst.value_or(0), writes);
    add_cpuset(*cpu, writes);
  }
  if (const auto& io = resources.block_io) {
    add_v1_weights(*io, writes);
    add_v1_throttle(io->read_bps, "blkio.throttle.read_bps_device",
                    "linux.resources.blockIO.throttleReadBpsDevice", writes);
    add_v1_throttle(io->write_bps, "blkio.throttle.write_bps_device",
                    "linux.resources.blockIO.throttleWriteBpsDevice", writes);
    add_v1_throttle(io->read_iops, "blkio.throttle.read_iops_device",
                    "linux.resources.blockIO.throttleReadIOPSDevice", writes);
    add_v1_throttle(io->write_iops, "blkio.throttle.write_iops_device",
                    "linux.resources.blockIO.throttleWriteIOPSDevice", writes);
  }
  return writes;
}

std::vector<CgroupWrite> v2_writes(const oci::Resources& resources, uint64_t guest_memory_bytes) {
  std::vector<CgroupWrite> writes;
  if (oci::memory_limit(resources)) {
    writes.push_back({"memory", "memory.max", to_string(guest_memory_bytes + kHostOverheadBytes),
                      "linux.resources.memory.limit"});
  }
  if (const auto& cpu = resources.cpu) {
    add_idle(*cpu, writes);
    const uint64_t weight = has_weight(*cpu) ? cpu_weight_of_shares(*cpu->shares) : 0;
    if (weight != 0) {
      writes.push_back({"cpu", "cpu.weight", to_string(weight), "linux.resources.cpu.shares"});
    }
    add_burst(*cpu, "cpu.max.burst", 0, writes);
    if (cpu->quota.value_or(0) != 0) {
      const std::string quota = *cpu->quota > 0 ? to_string(*cpu->quota) : "max";
      writes.push_back(
          {"cpu", "cpu.max", quota + " " + to_string(oci::cpu_period_us(*cpu)), "linux.resources.cpu.quota"});
    }
    add_burst(*cpu, "cpu.max.burst", cpu->burst.value_or(0), writes);
    add_cpuset(*cpu, writes);
  }
  if (const auto& io = resources.block_io) {
    add_v2_weights(*io, writes);
    add_v2_throttle(io->read_bps, "rbps", "linux.resources.blockIO.throttleReadBpsDevice", writes);
    add_v2_throttle(io->write_bps, "wbps", "linux.resources.blockIO.throttleWriteBpsDevice", writes);
    add_v2_throttle(io->read_iops, "riops", "linux.resources.blockIO.throttleReadIOPSDevice", writes);
    add_v2_throttle(io->write_iops, "wiops", "linux.resources.blockIO.throttleWriteIOPSDevice", writes);
  }
  return writes;
}

}  // namespace caisson::runtime
