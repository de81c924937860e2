// SPDX-License-Identifier: Apache-2.0
// Keeps the last bytes of a stream (the guest's console, QEMU's complaints) for messages to a person. Its
// input is hostile: text() has no control characters that a terminal or a log could obey.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace caisson::vmm {

class TextTail {
 public:
  explicit TextTail(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void append(std::span<const char> bytes);
  // Printable ASCII, tabs and newlines; anything else is '?', carriage returns are gone.
  [[nodiscard]] std::string text() const;

 private:
  size_t limit_bytes_;
  std::string kept_;
};

// The last lines of `text`, at most `limit_bytes`, without the final newline.
std::string last_lines(std::string text, size_t limit_bytes);

}  // namespace caisson::vmm
