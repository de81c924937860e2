// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/stats.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::runtime {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kNanosecondsPerMicrosecond = 1000;

// LIMIT: lines of memory.stat that are passed on; the kernel writes some sixty.
constexpr size_t kMaxRawEntries = 256;

Json cpu_stats(const CgroupFiles& files) {
  const std::string_view stat = file_of(files, "cpu.stat");
  const auto nanoseconds = [&](const char* key) {
    return flat_value(stat, key) * kNanosecondsPerMicrosecond;
  };
  return {{"usage",
           {{"total", nanoseconds("usage_usec")},
            {"kernel", nanoseconds("system_usec")},
            {"user", nanoseconds("user_usec")}}},
          {"throttling",
           {{"periods", flat_value(stat, "nr_periods")},
            {"throttledPeriods", flat_value(stat, "nr_throttled")},
            {"throttledTime", nanoseconds("throttled_usec")}}}};
}

Json memory_entry(const CgroupFiles& files, const char* limit, const char* usage, const char* peak) {
  const std::string_view events = file_of(files, "memory.events");
  return {{"limit", single_value(file_of(files, limit))},
          {"usage", single_value(file_of(files, usage))},
          {"max", single_value(file_of(files, peak))},
          {"failcnt", flat_value(events, "max")}};
}

// The guest names them, and people read them.
bool is_kernels_name(std::string_view key) {
  constexpr size_t kLongest = 64;  // LIMIT: the kernel's are half as long
  return !key.empty() && key.size() <= kLongest && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Json memory_stats(const CgroupFiles& files) {
  Json raw = Json::object();
  for_each_flat(file_of(files, "memory.stat"), [&raw](std::string_view key, uint64_t value) {
    if (raw.size() < kMaxRawEntries && is_kernels_name(key)) raw[std::string(key)] = value;
  });
  return {{"cache", flat_value(file_of(files, "memory.stat"), "file")},
          {"usage", memory_entry(files, "memory.max", "memory.current", "memory.peak")},
          {"swap", memory_entry(files, "memory.swap.max", "memory.swap.current", "memory.swap.peak")},
          {"kernel", {{"limit", 0}, {"failcnt", 0}}},
          {"kernelTCP", {{"limit", 0}, {"failcnt", 0}}},
          {"raw", raw}};
}

}  // namespace

std::string stats_event(const std::string& id, const CgroupFiles& files) {
  const Json event = {
      {"type", "stats"},
      {"id", id},
      {"data",
       {{"cpu", cpu_stats(files)},
        {"cpuset", Json::object()},
        {"memory", memory_stats(files)},
        {"pids",
         {{"current", single_value(file_of(files, "pids.current"))},
          {"limit",
           file_of(files, "pids.max").starts_with("max") ? 0 : single_value(file_of(files, "pids.max"))}}},
        {"blkio", Json::object()},
        {"hugetlb", Json::object()},
        {"intel_rdt", Json::object()},
        {"network_interfaces", nullptr}}}};
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> EventWriter::lines_for(const CgroupFiles& files) {
  std::vector<std::string> lines;
  if (const uint64_t kills = oom_kills(files); kills > told_oom_kills_) {
    lines.push_back("{\"type\":\"oom\",\"id\":\"" + id_ + "\"}");
    told_oom_kills_ = kills;
  }
  lines.push_back(stats_event(id_, files));
  return lines;
}

}  // namespace caisson::runtime
