// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/knobs.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace caisson::runtime {

std::string environment(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string annotation(const oci::Config& config, const std::string& name) {
  const auto found = config.annotations.find("org.caisson." + name);
  return found == config.annotations.end() ? std::string() : found->second;
}

std::optional<uint32_t> number_within(std::string_view text, uint32_t most) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 1 && number <= most ? std::optional(number) : std::nullopt;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) {
    ++digits;
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || error != std::errc() || end != text.data() + digits) {
    return std::nullopt;
  }
  std::string_view unit = text.substr(digits);
  uint64_t factor = 1;
  if (!unit.empty()) {
    constexpr std::string_view kUnits = "kmgt";
    const size_t power = kUnits.find(static_cast<char>(unit[0] | 0x20));
    if (power != std::string_view::npos) {
      factor = 1ULL << (10 * (power + 1));
      unit.remove_prefix(1);
      if (unit.starts_with('i')) unit.remove_prefix(1);
    }
    if (unit == "B" || unit == "b") unit.remove_prefix(1);
    if (!unit.empty()) return std::nullopt;
  }
  const double bytes = number * static_cast<double>(factor);
  constexpr double kLargest = 1ULL << 60;
  return bytes >= 0 && bytes <= kLargest ? std::optional(static_cast<uint64_t>(std::llround(bytes)))
                                         : std::nullopt;
}

}  // namespace caisson::runtime
