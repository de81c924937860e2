// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/cpu_list.h"

#include <charconv>
#include <optional>
#include <set>
#include <string>

namespace caisson::runtime::oci {
namespace {

std::optional<uint32_t> number(std::string_view text, uint32_t highest) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return whole && value <= highest ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<std::vector<uint32_t>> parse_cpu_list(std::string_view text, uint32_t highest) {
  const std::string whole(text);
  std::set<uint32_t> cpus;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash), highest);
    const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1), highest);
    if (!first || !last || *last < *first || (comma != std::string_view::npos && comma + 1 == text.size())) {
      return fail(EINVAL, "\"" + whole + "\" is no list of cpus; write it like 0-3,7, up to " +
                              std::to_string(highest));
    }
    for (uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.insert(cpu);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return std::vector<uint32_t>(cpus.begin(), cpus.end());
}

}  // namespace caisson::runtime::oci
