// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/limits.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

using v1::Resources;

std::string number_or_max(int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

// The kernel refuses a swap limit only together with no swap at all.
std::optional<std::string> cpu_max(const Resources& resources) {
  if (!resources.has_cpu_quota_us() && !resources.has_cpu_period_us()) {
    return std::nullopt;
  }
  std::string text = resources.has_cpu_quota_us() && resources.cpu_quota_us() > 0
                         ? std::to_string(resources.cpu_quota_us())
                         : "max";
  if (resources.has_cpu_period_us() && resources.cpu_period_us() != 0) {
    text += " " + std::to_string(resources.cpu_period_us());
  }
  return text;
}

struct Field {
  const char* file;
  const char* path;  // in config.json, for errors
  std::optional<std::string> (*value)(const Resources&);
};

#define CAISSON_IF_GIVEN(field, text)                                                    \
  [](const Resources& r) -> std::optional<std::string> {                                 \
    return r.has_##field() ? std::optional<std::string>(text(r.field())) : std::nullopt; \
  }

std::string plain(uint64_t value) {
  return std::to_string(value);
}
std::string flag(bool value) {
  return value ? "1" : "0";
}
std::string same(const std::string& value) {
  return value;
}

// Order matters where a limit is raised and another lowered: memory.max before memory.high, idle before
// weight; of quota and burst see suspend_burst().
constexpr Field kFields[] = {
    {"memory.max", "memory.limit", CAISSON_IF_GIVEN(memory_max, number_or_max)},
    {"memory.swap.max", "memory.swap", CAISSON_IF_GIVEN(memory_swap_max, number_or_max)},
    {"memory.low", "memory.reservation", CAISSON_IF_GIVEN(memory_low, number_or_max)},
    {"memory.high", "memory", CAISSON_IF_GIVEN(memory_high, number_or_max)},
    {"cpu.idle", "cpu.idle", CAISSON_IF_GIVEN(cpu_idle, flag)},
    {"cpu.weight", "cpu.shares", CAISSON_IF_GIVEN(cpu_weight, plain)},
    {"cpu.max", "cpu.quota", cpu_max},
    {"cpu.max.burst", "cpu.burst", CAISSON_IF_GIVEN(cpu_burst_us, plain)},
    {"cpuset.cpus", "cpu.cpus", CAISSON_IF_GIVEN(cpuset_cpus, same)},
    {"cpuset.mems", "cpu.mems", CAISSON_IF_GIVEN(cpuset_mems, same)},
    {"pids.max", "pids.limit", CAISSON_IF_GIVEN(pids_max, number_or_max)},
    {"io.weight", "blockIO.weight", CAISSON_IF_GIVEN(io_weight, plain)},
};

#undef CAISSON_IF_GIVEN

bool is_file_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && !name.starts_with("cgroup.") &&
         name.front() != '.';
}

// One of linux.resources.unified. Of a file that is not there engines want to know whose it would be.
Result<void> apply_unified(const Cgroup& cgroup, const std::string& name, const std::string& value) {
  if (!is_file_name(name)) {
    return fail(EINVAL, "linux.resources.unified: " + name + " is not the name of a limit");
  }
  auto written = cgroup.write(name, value);
  if (!written && written.error().code == ENOENT) {
    const std::string controller = name.substr(0, name.find('.'));
    std::string available = " " + TRY(cgroup.read("cgroup.controllers"));
    std::ranges::replace(available, '\n', ' ');
    if (available.find(" " + controller + " ") == std::string::npos) {
      return fail(ENOENT, "linux.resources.unified: the requested cgroup controller `" + controller +
                              "` is not available");
    }
  }
  TRY_CONTEXT("linux.resources.unified", std::move(written));
  return {};
}

// No limit on swap where there is no swap accounting limits nothing: the guest has no swap.
bool is_harmless(const Field& field, const std::string& value, const Error& error) {
  return error.code == ENOENT && (value == "max" || std::string_view(field.file) == "memory.swap.max");
}

// The kernel keeps the burst within the quota at every moment, and either may become less or more: none while
// the quota changes.
Result<void> suspend_burst(const Cgroup& cgroup, const Resources& resources) {
  if (resources.has_cpu_burst_us()) {
    TRY_CONTEXT("linux.resources.cpu.burst", cgroup.write("cpu.max.burst", "0"));
  }
  return {};
}

// linux.resources.memory.checkBeforeUpdate: in place of an OOM kill, an error.
Result<void> check_usage(const Cgroup& cgroup, const Resources& resources) {
  if (!resources.check_memory_usage()) {
    return {};
  }
  const std::string text = TRY(cgroup.read("memory.current"));
  uint64_t used = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), used).ec != std::errc()) {
    return fail(EPROTO, "read memory.current: it is no number");
  }
  // The guest has no swap, so that a limit of memory and swap is one of memory.
  if (resources.has_memory_max() && resources.memory_max() > 0 &&
      static_cast<uint64_t>(resources.memory_max()) <= used) {
    return fail(EBUSY, "linux.resources.memory.limit: " + std::to_string(resources.memory_max()) +
                           " is not above the " + std::to_string(used) + " bytes in use");
  }
  return {};
}

}  // namespace

Result<void> apply_limits(const Cgroup& cgroup, const Resources& resources) {
  TRY(check_usage(cgroup, resources));
  TRY(suspend_burst(cgroup, resources));
  for (const Field& field : kFields) {
    if (const auto value = field.value(resources)) {
      auto written = cgroup.write(field.file, *value);
      if (!written && !is_harmless(field, *value, written.error())) {
        return tl::unexpected(
            with_context(std::string("linux.resources.") + field.path, std::move(written).error()));
      }
    }
  }
  if (resources.oom_kill_group()) {
    TRY(cgroup.write("memory.oom.group", "1"));
  }
  for (const std::string& line : resources.io_max()) {
    TRY(cgroup.write("io.max", line));
  }
  for (const auto& [name, value] : resources.unified()) {
    TRY(apply_unified(cgroup, name, value));
  }
  return {};
}

}  // namespace caisson::agent
