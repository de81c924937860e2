// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/device_rules.h"

#include <array>

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

constexpr uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;
constexpr uint32_t kAll = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

// As runc: any node may be made, and those of [oci] config-linux.md "Default Devices" used.
constexpr std::array kAlways = {
    DeviceMatch{true, 'c', -1, -1, kMknod}, DeviceMatch{true, 'b', -1, -1, kMknod},
    DeviceMatch{true, 'c', 1, 3, kAll},     // null
    DeviceMatch{true, 'c', 1, 8, kAll},     // random
    DeviceMatch{true, 'c', 1, 7, kAll},     // full
    DeviceMatch{true, 'c', 5, 0, kAll},     // tty
    DeviceMatch{true, 'c', 1, 5, kAll},     // zero
    DeviceMatch{true, 'c', 1, 9, kAll},     // urandom
    DeviceMatch{true, 'c', 136, -1, kAll},  // terminals
    DeviceMatch{true, 'c', 5, 2, kAll},     // ptmx
};

Result<uint32_t> access_of(const std::string& text) {
  uint32_t access = 0;
  for (const char letter : text) {
    switch (letter) {
      case 'r':
        access |= BPF_DEVCG_ACC_READ;
        break;
      case 'w':
        access |= BPF_DEVCG_ACC_WRITE;
        break;
      case 'm':
        access |= BPF_DEVCG_ACC_MKNOD;
        break;
      default:
        return fail(EINVAL, "read device rule: access is of r, w and m");
    }
  }
  return access != 0 ? access : kAll;
}

Result<DeviceMatch> match_of(const v1::DeviceRule& rule) {
  const std::string& type = rule.type();
  if (type != "a" && type != "b" && type != "c" && !type.empty()) {
    return fail(EINVAL, "read device rule: type is a, b or c");
  }
  DeviceMatch match{.allow = rule.allow(),
                    .type = type.empty() ? 'a' : type.front(),
                    .major = rule.has_major_number() ? rule.major_number() : -1,
                    .minor = rule.has_minor_number() ? rule.minor_number() : -1,
                    .access = TRY(access_of(rule.access()))};
  if (match.major > UINT32_MAX || match.minor > UINT32_MAX) {
    return fail(EINVAL, "read device rule: number out of range");
  }
  if (match.type == 'a') {
    // In version 1 "a" means everything, whatever else the rule says.
    match = DeviceMatch{.allow = match.allow, .type = 'a', .major = -1, .minor = -1, .access = kAll};
  }
  return match;
}

}  // namespace

Result<std::vector<DeviceMatch>> device_matches(const v1::Resources& resources) {
  std::vector<DeviceMatch> matches;
  for (const v1::DeviceRule& rule : resources.device_rules()) {
    matches.push_back(TRY(match_of(rule)));
  }
  matches.insert(matches.end(), kAlways.begin(), kAlways.end());
  return matches;
}

}  // namespace caisson::agent
