// SPDX-License-Identifier: Apache-2.0
#include "common/user_range.h"

#include <charconv>

namespace caisson {
namespace {

constexpr uint32_t kRoot = 0;
constexpr uint32_t kNobody = 65534;         // what the kernel shows for ids it cannot map
constexpr uint32_t kNobody32 = 4294967294;  // the same, of old
constexpr uint32_t kNoId = 4294967295;      // (uid_t)-1: "leave as it is"

std::optional<uint32_t> whole_number(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<UserRange> parse_user_range(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto first = whole_number(text.substr(0, dash));
  const auto last = whole_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  const UserRange range{.first = *first, .last = *last};
  for (const uint32_t taken : {kRoot, kNobody, kNobody32, kNoId}) {
    if (range.contains(taken)) {
      return std::nullopt;
    }
  }
  return range;
}

std::string to_string(const UserRange& range) {
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

}  // namespace caisson
