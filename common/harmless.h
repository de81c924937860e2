// SPDX-License-Identifier: Apache-2.0
// Foreign text made fit for a log, a terminal, an error or a state file: words of the guest, its agent, QEMU
// or a jailed caisson-vmm pass through here before anybody reads them. A terminal obeys nothing in the
// result. The result forges no line, and does not turn the order of reading around.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace caisson {

enum class Lines {
  one,   // a newline is harmful too
  many,  // newlines stay
};

// LIMIT: a foreign sentence within an error, a log record or a state file.
inline constexpr size_t kMostForeignBytes = 4096;

// `text` as valid UTF-8 of at most `limit_bytes`, a `?` in place of each control character, byte that is no
// UTF-8, and character that is invisible or turns the direction of writing. What is cut off is replaced by
// "...". Tabs become blanks.
std::string harmless(std::string_view text, size_t limit_bytes = kMostForeignBytes, Lines lines = Lines::one);

// Lines within `text` begin with blanks, so that none looks like the first line of a record or an error.
std::string indented(std::string_view text);

}  // namespace caisson
