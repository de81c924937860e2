// SPDX-License-Identifier: Apache-2.0
// The limits that the options of `caisson update` ask for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "runtime/oci/resources.h"

namespace caisson::runtime {

// Each is the text of the command line. An empty one is not given.
struct UpdateOptions {
  std::string file;  // of resources, which then alone counts; "-": standard input
  std::string cpus;
  std::string mems;
  std::string memory;  // sizes such as 64M; -1: no limit
  std::string reservation;
  std::string swap;  // with memory
  std::string realtime_period;
  std::string realtime_runtime;
  std::string l3_cache_schema;
  std::string memory_bandwidth_schema;
  std::optional<int64_t> block_io_weight;
  std::optional<int64_t> cpu_period;
  std::optional<int64_t> cpu_quota;
  std::optional<int64_t> cpu_burst;
  std::optional<int64_t> cpu_idle;
  std::optional<int64_t> cpu_shares;
  std::optional<int64_t> pids_limit;
};

// The resources of all options except the file. Errors name the option.
Result<oci::Resources> resources_of(const UpdateOptions& options);

}  // namespace caisson::runtime
