// SPDX-License-Identifier: Apache-2.0
// linux.resources, which is also what an update asks for. Its tables: resources_fields.cpp. [oci]
// config-linux.md, "Control groups"
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/oci/device.h"
#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct Memory {
  std::optional<int64_t> limit;
  std::optional<int64_t> reservation;
  std::optional<int64_t> swap;
  std::optional<uint64_t> swappiness;
  bool disable_oom_killer = false;
  bool use_hierarchy = false;
  bool check_before_update = false;
};

struct Cpu {
  std::optional<uint64_t> shares;
  std::optional<int64_t> quota;
  std::optional<uint64_t> burst;
  std::optional<uint64_t> period;
  std::string cpus;
  std::string mems;
  std::optional<int64_t> idle;
};

struct Pids {
  std::optional<int64_t> limit;
};

struct ThrottleDevice {
  int64_t major = 0;
  int64_t minor = 0;
  uint64_t rate = 0;
};

struct WeightDevice {
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint16_t> weight;
};

struct BlockIo {
  std::optional<uint16_t> weight;
  std::vector<WeightDevice> device_weights;
  std::vector<ThrottleDevice> read_bps;
  std::vector<ThrottleDevice> write_bps;
  std::vector<ThrottleDevice> read_iops;
  std::vector<ThrottleDevice> write_iops;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<Memory> memory;
  std::optional<Cpu> cpu;
  std::optional<Pids> pids;
  std::optional<BlockIo> block_io;
  std::map<std::string, std::string> unified;
};

// The text of an update's resources; every error carries the JSON path of its cause.
Result<Resources> parse_resources(std::string_view text);

std::span<const Row> rows(const Memory* type);
std::span<const Row> rows(const Cpu* type);
std::span<const Row> rows(const Pids* type);
std::span<const Row> rows(const ThrottleDevice* type);
std::span<const Row> rows(const WeightDevice* type);
std::span<const Row> rows(const BlockIo* type);
std::span<const Row> rows(const Resources* type);

}  // namespace caisson::runtime::oci
