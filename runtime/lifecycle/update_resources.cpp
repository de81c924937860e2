// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/update_resources.h"

#include "runtime/launch/knobs.h"

namespace caisson::runtime {
namespace {

Result<std::optional<uint64_t>> not_negative(const std::optional<int64_t>& number, const char* option) {
  if (!number) {
    return std::nullopt;
  }
  if (*number < 0) {
    return fail(EINVAL, std::string(option) + ": must not be negative");
  }
  return static_cast<uint64_t>(*number);
}

Result<std::optional<int64_t>> size(const std::string& text, const char* option) {
  if (text.empty()) {
    return std::nullopt;
  }
  if (text == "-1") {
    return -1;
  }
  const auto bytes = parse_size(text);
  if (!bytes) {
    return fail(EINVAL, std::string(option) + ": \"" + text + "\" is not a size such as 64M");
  }
  return static_cast<int64_t>(*bytes);
}

Result<void> refuse_what_the_guest_lacks(const UpdateOptions& options) {
  for (const std::string* refused : {&options.realtime_period, &options.realtime_runtime,
                                     &options.l3_cache_schema, &options.memory_bandwidth_schema}) {
    if (!refused->empty() && *refused != "0") {
      return fail(ENOTSUP,
                  "update: realtime budgets and resctrl do not exist in the guest; leave the option out");
    }
  }
  return {};
}

Result<oci::Cpu> cpu_of(const UpdateOptions& options) {
  if (options.cpu_idle && *options.cpu_idle != 0 && *options.cpu_idle != 1) {
    return fail(EINVAL, "--cpu-idle: must be 0 or 1");
  }
  return oci::Cpu{.shares = TRY(not_negative(options.cpu_shares, "--cpu-share")),
                  .quota = options.cpu_quota,
                  .burst = TRY(not_negative(options.cpu_burst, "--cpu-burst")),
                  .period = TRY(not_negative(options.cpu_period, "--cpu-period")),
                  .cpus = options.cpus,
                  .mems = options.mems,
                  .idle = options.cpu_idle};
}

Result<oci::Memory> memory_of(const UpdateOptions& options) {
  return oci::Memory{.limit = TRY(size(options.memory, "--memory")),
                     .reservation = TRY(size(options.reservation, "--memory-reservation")),
                     .swap = TRY(size(options.swap, "--memory-swap")),
                     .swappiness = std::nullopt};
}

Result<std::optional<oci::BlockIo>> block_io_of(const UpdateOptions& options) {
  const auto weight = TRY(not_negative(options.block_io_weight, "--blkio-weight"));
  if (!weight) {
    return std::nullopt;
  }
  // 0 is one that was not given, as in runc.
  if (*weight != 0 && (*weight < 10 || *weight > 1000)) {
    return fail(EINVAL, "--blkio-weight: " + std::to_string(*weight) + " is not within 10 and 1000");
  }
  oci::BlockIo block_io;
  block_io.weight = static_cast<uint16_t>(*weight);
  return block_io;
}

}  // namespace

Result<oci::Resources> resources_of(const UpdateOptions& options) {
  TRY(refuse_what_the_guest_lacks(options));
  oci::Resources resources;
  resources.cpu = TRY(cpu_of(options));
  resources.memory = TRY(memory_of(options));
  if (options.pids_limit) {
    resources.pids = oci::Pids{.limit = options.pids_limit};
  }
  resources.block_io = TRY(block_io_of(options));
  return resources;
}

}  // namespace caisson::runtime
