// SPDX-License-Identifier: Apache-2.0
// The part of config.json that is for Linux alone. Its tables: linux_fields.cpp. [oci] config-linux.md
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/oci/device.h"
#include "runtime/oci/fields.h"
#include "runtime/oci/id_mapping.h"
#include "runtime/oci/resources.h"
#include "runtime/oci/seccomp_profile.h"

namespace caisson::runtime::oci {

struct NamespaceKind {
  uint64_t flag = 0;  // CLONE_NEW*
};

struct Propagation {
  uint64_t flags = 0;  // MS_PRIVATE, … [| MS_REC]
};

struct Namespace {
  NamespaceKind type;
  std::string path;
};

struct Personality {
  std::string domain;
};

struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, TimeOffset> time_offsets;
  std::vector<Device> devices;
  std::string cgroups_path;
  Resources resources;
  Propagation rootfs_propagation;  // 0: not given
  std::optional<Seccomp> seccomp;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::optional<Personality> personality;

  [[nodiscard]] const Namespace* find_namespace(uint64_t flag) const;
};

// These enumerations are written as strings.
Result<void> read(const Value& value, NamespaceKind& out);
Result<void> read(const Value& value, Propagation& out);

std::span<const Row> rows(const Namespace* type);
std::span<const Row> rows(const Personality* type);
std::span<const Row> rows(const TimeOffset* type);
std::span<const Row> rows(const Linux* type);

}  // namespace caisson::runtime::oci
