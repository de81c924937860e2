// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/unified.h"

#include <charconv>
#include <cstdint>

namespace caisson::runtime::oci {
namespace {

constexpr int64_t kNoLimit = -1;

// The value of one key; its errors name it.
class KeyValue {
 public:
  KeyValue(std::string_view key, std::string_view text) : key_(key), text_(text) {}

  // Takes the digits at the beginning away.
  Result<uint64_t> number() {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value > INT64_MAX) {
      return malformed();
    }
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    return value;
  }
  // "max" or a number.
  Result<int64_t> limit() {
    if (text_.starts_with("max")) {
      text_.remove_prefix(3);
      return kNoLimit;
    }
    return static_cast<int64_t>(TRY(number()));
  }
  // As the kernel's memparse() reads it: a number with a unit or none.
  Result<int64_t> bytes() {
    int64_t value = TRY(limit());
    constexpr std::string_view kUnits = "KMGTPE";
    const size_t unit =
        text_.empty() ? std::string_view::npos : kUnits.find(static_cast<char>(text_.front() & ~0x20));
    if (value != kNoLimit && unit != std::string_view::npos) {
      const auto shift = static_cast<unsigned>(10 * (unit + 1));
      if (value > INT64_MAX >> shift) {
        return malformed();
      }
      value <<= shift;
      text_.remove_prefix(1);
    }
    return value;
  }
  void skip_spaces() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }
  [[nodiscard]] bool is_at_end() const { return text_.empty() || text_ == "\n"; }
  [[nodiscard]] tl::unexpected<Error> malformed() const {
    return fail(EINVAL, "linux.resources.unified[\"" + std::string(key_) +
                            "\"]: not a value that cgroup v2 has for it: " + std::string(text_));
  }

 private:
  std::string_view key_;
  std::string_view text_;
};

Cpu& cpu_of(Resources& resources) {
  return resources.cpu ? *resources.cpu : resources.cpu.emplace();
}

Result<void> follow_memory(KeyValue value, Resources& resources) {
  const int64_t bytes = TRY(value.bytes());
  if (!value.is_at_end()) {
    return value.malformed();
  }
  Memory& memory = resources.memory ? *resources.memory : resources.memory.emplace();
  // `swap` is of memory and swap together: what it leaves for swap stays.
  if (memory.swap.value_or(0) > 0 && memory.limit.value_or(0) > 0) {
    if (*memory.swap < *memory.limit) {
      return fail(EINVAL,
                  "linux.resources.memory.swap: counts memory and swap, so it must be at least the limit");
    }
    resources.unified.emplace("memory.swap.max", std::to_string(*memory.swap - *memory.limit));
    memory.swap.reset();
  }
  memory.limit = bytes;
  return {};
}

// "$MAX $PERIOD", the latter where it changes.
Result<void> follow_cpu_max(KeyValue value, Resources& resources) {
  const int64_t quota = TRY(value.limit());
  value.skip_spaces();
  std::optional<uint64_t> period;
  if (!value.is_at_end()) {
    period = TRY(value.number());
  }
  if (!value.is_at_end() || quota == 0 || period == 0U) {
    return value.malformed();
  }
  Cpu& cpu = cpu_of(resources);
  cpu.quota = quota;
  if (period) {
    cpu.period = period;
  }
  return {};
}

// The shares that are converted to this weight again, 1 + (shares - 2) * 9999 / 262142.
Result<void> follow_cpu_weight(KeyValue value, Resources& resources) {
  const uint64_t weight = TRY(value.number());
  if (!value.is_at_end() || weight < 1 || weight > 10000) {
    return value.malformed();
  }
  cpu_of(resources).shares = 2 + ((weight - 1) * 262142 + 9998) / 9999;
  return {};
}

}  // namespace

Result<void> follow_unified(Resources& resources) {
  for (auto next = resources.unified.begin(); next != resources.unified.end();) {
    const auto entry = next++;
    const auto& [key, text] = *entry;
    if (key == "memory.max") {
      TRY(follow_memory({key, text}, resources));
    } else if (key == "cpu.max") {
      TRY(follow_cpu_max({key, text}, resources));
    } else if (key == "cpu.weight") {
      TRY(follow_cpu_weight({key, text}, resources));
    } else if (key == "cpuset.cpus" || key == "cpuset.mems") {
      (key == "cpuset.cpus" ? cpu_of(resources).cpus : cpu_of(resources).mems) = text;
      resources.unified.erase(entry);
    }
  }
  return {};
}

}  // namespace caisson::runtime::oci
