// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/scope_name.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "runtime/oci/limits.h"

namespace caisson::runtime {
namespace {

constexpr uint64_t kMicrosecondsPerSecond = 1'000'000;
// systemd keeps quotas in these steps; a limit is never made smaller than asked.
constexpr uint64_t kQuotaStepUs = 10'000;
constexpr uint64_t kInfinity = ~uint64_t{0};
// LIMIT: CPUs or memory nodes of a host.
constexpr uint64_t kMostBits = 8192;

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// "0-2,5" as systemd's byte array, bit n of byte n/8. Nothing where the kernel would refuse the list.
std::optional<std::vector<uint8_t>> bits_of(std::string_view list) {
  std::vector<uint8_t> bits;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    const size_t dash = part.find('-');
    const auto first = number_of(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_of(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= kMostBits) {
      return std::nullopt;
    }
    for (uint64_t bit = *first; bit <= *last; ++bit) {
      bits.resize(std::max<size_t>(bits.size(), bit / 8 + 1));
      bits[bit / 8] = static_cast<uint8_t>(bits[bit / 8] | 1U << bit % 8);
    }
  }
  return bits;
}

const std::string* find_text(const std::vector<CgroupWrite>& writes, std::string_view file) {
  const auto found = std::find_if(writes.begin(), writes.end(),
                                  [file](const CgroupWrite& write) { return write.file == file; });
  return found == writes.end() ? nullptr : &found->text;
}

void add_quota(std::optional<uint64_t> quota, uint64_t period, std::vector<ScopeProperty>& properties) {
  uint64_t per_second = kInfinity;
  if (quota && period != 0) {
    per_second = *quota * kMicrosecondsPerSecond / period;
    per_second = (per_second + kQuotaStepUs - 1) / kQuotaStepUs * kQuotaStepUs;
  }
  properties.push_back({"CPUQuotaPeriodUSec", period});
  properties.push_back({"CPUQuotaPerSecUSec", per_second});
}

// cgroup v2's "quota period", or the two files of v1. A negative quota, or "max", is none.
void add_quota(const std::vector<CgroupWrite>& writes, std::vector<ScopeProperty>& properties) {
  if (const std::string* both = find_text(writes, "cpu.max")) {
    const size_t space = both->find(' ');
    add_quota(number_of(both->substr(0, space)),
              number_of(both->substr(space + 1)).value_or(oci::kDefaultCpuPeriodUs), properties);
    return;
  }
  const std::string* quota = find_text(writes, "cpu.cfs_quota_us");
  const std::string* period = find_text(writes, "cpu.cfs_period_us");
  if (quota != nullptr) {
    add_quota(
        number_of(*quota),
        period == nullptr ? oci::kDefaultCpuPeriodUs : number_of(*period).value_or(oci::kDefaultCpuPeriodUs),
        properties);
  }
}

struct NumberProperty {
  const char* file;
  const char* name;
};

constexpr NumberProperty kNumbers[] = {
    {"memory.max", "MemoryMax"}, {"memory.limit_in_bytes", "MemoryLimit"},
    {"cpu.weight", "CPUWeight"}, {"cpu.shares", "CPUShares"},
    {"io.weight", "IOWeight"},   {"blkio.weight", "BlockIOWeight"},
};

}  // namespace

Result<ScopeName> scope_name(const std::string& cgroups_path, const std::string& id) {
  const std::string path = cgroups_path.empty() ? ":caisson:" + id : cgroups_path;
  const size_t first = path.find(':');
  const size_t second = first == std::string::npos ? first : path.find(':', first + 1);
  if (second == std::string::npos || path.find(':', second + 1) != std::string::npos ||
      second + 1 == path.size() || path.find('/') != std::string::npos) {
    return fail(EINVAL, "linux.cgroupsPath: expected \"slice:prefix:name\" with --systemd-cgroup, got \"" +
                            cgroups_path + "\"");
  }
  ScopeName name{.unit = path.substr(second + 1), .slice = path.substr(0, first)};
  if (name.slice.empty()) {
    name.slice = "system.slice";
  }
  if (!name.slice.ends_with(".slice")) {
    return fail(EINVAL, "linux.cgroupsPath: \"" + name.slice + "\" is no name of a slice of systemd");
  }
  if (name.unit.ends_with(".slice")) {
    return fail(EINVAL, "linux.cgroupsPath: \"" + name.unit +
                            "\": a container gets a scope, not a slice; give it a name without .slice");
  }
  const std::string prefix = path.substr(first + 1, second - first - 1);
  name.unit = (prefix.empty() ? "" : prefix + "-") + name.unit + ".scope";
  return name;
}

std::vector<ScopeProperty> scope_properties(const std::vector<CgroupWrite>& writes) {
  std::vector<ScopeProperty> properties;
  for (const NumberProperty& property : kNumbers) {
    const std::string* text = find_text(writes, property.file);
    if (const auto number = text == nullptr ? std::nullopt : number_of(*text)) {
      properties.push_back({property.name, *number});
    }
  }
  add_quota(writes, properties);
  // Of no effect on a host with v1, where systemd has no cpusets: there the files are all.
  for (const auto& [file, name] :
       {std::pair{"cpuset.cpus", "AllowedCPUs"}, {"cpuset.mems", "AllowedMemoryNodes"}}) {
    const std::string* list = find_text(writes, file);
    if (auto bits = list == nullptr ? std::nullopt : bits_of(*list)) {
      properties.push_back({name, std::move(*bits)});
    }
  }
  return properties;
}

}  // namespace caisson::runtime
