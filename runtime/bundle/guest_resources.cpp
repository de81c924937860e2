// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/guest_resources.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

Result<void> fill_memory(const oci::Memory& memory, agent::v1::Resources& out) {
  const int64_t limit = memory.limit.value_or(0);
  if (limit != 0) {
    out.set_memory_max(std::max<int64_t>(limit, -1));
  }
  if (memory.reservation && *memory.reservation != 0) {
    out.set_memory_low(std::max<int64_t>(*memory.reservation, -1));
  }
  const int64_t swap = TRY(swap_of_memory_and_swap(memory.swap.value_or(0), limit));
  const bool swap_given = memory.swap.value_or(0) != 0 || swap != 0;
  if (swap_given) {
    out.set_memory_swap_max(swap);
  }
  out.set_check_memory_usage(memory.check_before_update);
  if (memory.disable_oom_killer) {
    spdlog::warn(
        "linux.resources.memory.disableOOMKiller: cgroup v2 cannot disable the OOM killer; it stays on");
  }
  return {};
}

Result<void> fill_cpu(const oci::Cpu& cpu, agent::v1::Resources& out) {
  // The kernel takes no weight for what runs idle.
  const bool is_idle = cpu.idle.value_or(0) != 0;
  if (const uint64_t weight = cpu_weight_of_shares(cpu.shares.value_or(0)); weight != 0 && !is_idle) {
    out.set_cpu_weight(weight);
  }
  if (cpu.quota && *cpu.quota != 0) {
    out.set_cpu_quota_us(std::max<int64_t>(*cpu.quota, -1));
  }
  if (cpu.period && *cpu.period != 0) {
    out.set_cpu_period_us(*cpu.period);
  }
  if (cpu.burst) {
    if (cpu.quota.value_or(0) > 0 && *cpu.burst > static_cast<uint64_t>(*cpu.quota)) {
      return fail(EINVAL, "linux.resources.cpu.burst: " + std::to_string(*cpu.burst) +
                              " is more than linux.resources.cpu.quota, " + std::to_string(*cpu.quota));
    }
    out.set_cpu_burst_us(*cpu.burst);
  }
  if (cpu.idle) {
    out.set_cpu_idle(*cpu.idle != 0);
  }
  return {};
}

}  // namespace

void complete_quota(oci::Resources& resources, const CpuTime& in_force) {
  const bool has_quota = resources.cpu && resources.cpu->quota.value_or(0) != 0;
  const bool has_period = resources.cpu && resources.cpu->period.value_or(0) != 0;
  if (has_quota && !has_period) {
    resources.cpu->period = in_force.period_us;
  } else if (has_period && !has_quota) {
    resources.cpu->quota = in_force.quota_us;
  }
}

uint64_t io_weight_of_blkio(uint16_t weight) {
  return weight < 10 ? 0 : 1 + (uint64_t{weight} - 10) * 9999 / 990;
}

uint64_t cpu_weight_of_shares(uint64_t shares) {
  if (shares == 0) {
    return 0;
  }
  shares = std::clamp<uint64_t>(shares, 2, 262144);
  return 1 + ((shares - 2) * 9999) / 262142;
}

Result<int64_t> swap_of_memory_and_swap(int64_t memory_and_swap, int64_t memory) {
  if (memory == -1 && memory_and_swap == 0) {
    return -1;  // memory without limit: swap too
  }
  if (memory_and_swap == -1 || memory_and_swap == 0) {
    return memory_and_swap;
  }
  if (memory == 0 || memory == -1) {
    return fail(EINVAL, "linux.resources.memory.swap: needs linux.resources.memory.limit");
  }
  if (memory < 0 || memory_and_swap < memory) {
    return fail(EINVAL,
                "linux.resources.memory.swap: counts memory and swap, so it must be at least the limit");
  }
  return memory_and_swap - memory;
}

Result<void> fill_resources(const oci::Resources& resources, agent::v1::Resources& out) {
  if (resources.memory) {
    TRY(fill_memory(*resources.memory, out));
  }
  if (resources.cpu) {
    TRY(fill_cpu(*resources.cpu, out));
  }
  if (resources.pids && resources.pids->limit.value_or(0) != 0) {
    out.set_pids_max(std::max<int64_t>(*resources.pids->limit, -1));
  }
  if (resources.block_io && resources.block_io->weight.value_or(0) != 0) {
    out.set_io_weight(io_weight_of_blkio(*resources.block_io->weight));
  }
  for (const auto& [file, text] : resources.unified) {
    if (file.find('/') != std::string::npos) {
      return fail(EINVAL, "linux.resources.unified[\"" + file + "\"]: must be the name of a file");
    }
    if (file.find('.') == std::string::npos) {
      return fail(EINVAL, "linux.resources.unified: the specified key has not the form CONTROLLER.VALUE `" +
                              file + "`");
    }
    (*out.mutable_unified())[file] = text;
  }
  for (const oci::DeviceRule& rule : resources.devices) {
    auto& to = *out.add_device_rules();
    to.set_allow(rule.allow);
    to.set_type(std::string(1, rule.type.letter == 'u' ? 'c' : rule.type.letter));
    if (rule.major && *rule.major >= 0) to.set_major_number(*rule.major);
    if (rule.minor && *rule.minor >= 0) to.set_minor_number(*rule.minor);
    to.set_access(rule.access.empty() ? "rwm" : rule.access);
  }
  return {};
}

}  // namespace caisson::runtime
