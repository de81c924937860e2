// SPDX-License-Identifier: Apache-2.0
// The host's user ids (and the group ids of the same numbers) of which each sandbox's QEMU gets one for its
// life. The runtime chooses the range, vmm/qemu claims ids of it: docs/configuration.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson {

struct UserRange {
  uint32_t first = 0;
  uint32_t last = 0;  // included

  [[nodiscard]] uint32_t size() const { return last - first + 1; }
  [[nodiscard]] bool contains(uint64_t id) const { return id >= first && id <= last; }
};

// systemd's registry of user ids leaves these free, and none of Debian's tools gives them to anybody.
inline constexpr UserRange kDefaultUsers{.first = 1'900'000'000, .last = 1'900'065'535};

// "FIRST-LAST". An empty optional for anything else, and for ranges with an id that every system gives to
// somebody (root, nobody).
std::optional<UserRange> parse_user_range(std::string_view text);

std::string to_string(const UserRange& range);

}  // namespace caisson
