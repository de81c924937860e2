// SPDX-License-Identifier: Apache-2.0
// Foreign text made fit for a log, a terminal, an error or a state file: what the guest, its agent, QEMU or a
// jailed process of ours said goes through here before anybody reads it. Nothing in what comes out is obeyed
// by a terminal, forges a line, or turns the order of what is read around.
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

// Lines within `text` begin with blanks: none looks like a record's or an error's first.
std::string indented(std::string_view text);

}  // namespace caisson
