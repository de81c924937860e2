// SPDX-License-Identifier: Apache-2.0
// Device files and the rules of who may open them. [oci] config-linux.md, "Devices" and "Allowed Device list"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct DeviceType {
  char letter = 'a';  // a, b, c, u, p
};

struct Device {
  DeviceType type;
  std::string path;
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint32_t> file_mode;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

struct DeviceRule {
  bool allow = false;
  DeviceType type;
  std::optional<int64_t> major;
  std::optional<int64_t> minor;
  std::string access;
};

// These enumerations are written as strings.
Result<void> read(const Value& value, DeviceType& out);

std::span<const Row> rows(const Device* type);
std::span<const Row> rows(const DeviceRule* type);

}  // namespace caisson::runtime::oci
