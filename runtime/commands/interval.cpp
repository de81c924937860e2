// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/interval.h"

#include <charconv>

namespace caisson::runtime {
namespace {

// 0: none.
int64_t milliseconds_of(std::string_view unit) {
  return unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
}

}  // namespace

Result<std::chrono::milliseconds> parse_interval(std::string_view text) {
  constexpr int64_t kLongest = 1'000'000;  // LIMIT: of any unit, more than a century of hours
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const int64_t factor = milliseconds_of(text.substr(static_cast<size_t>(end - text.data())));
  if (error != std::errc() || factor == 0 || number <= 0 || number > kLongest) {
    return fail(EINVAL, "duration interval must be greater than 0, such as 500ms, 5s or 1m");
  }
  return std::chrono::milliseconds(number * factor);
}

}  // namespace caisson::runtime
