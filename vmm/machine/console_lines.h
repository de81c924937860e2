// SPDX-License-Identifier: Apache-2.0
// Cuts what a guest's kernel prints to its console into lines, for a person who follows it while the guest
// runs (annotation org.caisson.console). The bytes are hostile: lines have no control characters, and their
// length and number are bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace caisson::vmm {

class ConsoleLines {
 public:
  using Handler = std::function<void(const std::string& line)>;

  // LIMIT: one line. A longer line goes on in the next one.
  static constexpr size_t kMaxLineBytes = 1024;
  // LIMIT: all lines in a machine's life. A boot at loglevel 7 prints 30 KiB.
  static constexpr size_t kMaxBytes = 128UL << 10;

  // With an empty `on_line` nothing is cut, and it costs nothing.
  explicit ConsoleLines(Handler on_line) : on_line_(std::move(on_line)) {}

  void append(std::span<const char> bytes);

 private:
  void end_line();

  Handler on_line_;
  std::string line_;
  size_t left_ = kMaxBytes;
};

}  // namespace caisson::vmm
