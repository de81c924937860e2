// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_lines.h"

#include <utility>

#include "common/harmless.h"

namespace caisson::vmm {

void ConsoleLines::append(std::span<const char> bytes) {
  if (!on_line_) {
    return;
  }
  for (const char byte : bytes) {
    if (left_ == 0) {
      return;
    }
    --left_;
    if (byte != '\n' && byte != '\r') {
      line_ += byte;
    }
    if (byte == '\n' || line_.size() == kMaxLineBytes) {
      end_line();
    }
    if (left_ == 0) {
      on_line_("the console has said " + std::to_string(kMaxBytes >> 10) +
               " KiB, and is followed no further");
    }
  }
}

void ConsoleLines::end_line() {
  const std::string line = std::exchange(line_, std::string());
  if (!line.empty()) {
    on_line_(harmless(line, kMaxLineBytes));
  }
}

}  // namespace caisson::vmm
