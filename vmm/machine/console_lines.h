// SPDX-License-Identifier: Apache-2.0
// Cuts what a guest's kernel prints to its console into lines, for who wants to follow it while it runs
// (annotation org.caisson.console). The bytes are hostile: lines have no control characters, and there is an
// end to them.
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

  // LIMIT: of one line; what is longer goes on in the next.
  static constexpr size_t kMaxLineBytes = 1024;
  // LIMIT: of a machine's life. A boot that says everything is 30 KiB.
  static constexpr size_t kMaxBytes = 128UL << 10;

  // An empty `on_line` hears nothing, at no cost.
  explicit ConsoleLines(Handler on_line) : on_line_(std::move(on_line)) {}

  void append(std::span<const char> bytes);

 private:
  void end_line();

  Handler on_line_;
  std::string line_;
  size_t left_ = kMaxBytes;
};

}  // namespace caisson::vmm
