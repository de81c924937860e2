// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/text_tail.h"

namespace caisson::vmm {

void TextTail::append(std::span<const char> bytes) {
  if (bytes.size() >= limit_bytes_) {
    bytes = bytes.last(limit_bytes_);
    kept_.clear();
  }
  kept_.append(bytes.begin(), bytes.end());
  // Cut at twice the limit: each byte moves once on average.
  if (kept_.size() > 2 * limit_bytes_) {
    kept_.erase(0, kept_.size() - limit_bytes_);
  }
}

std::string TextTail::text() const {
  const size_t start = kept_.size() > limit_bytes_ ? kept_.size() - limit_bytes_ : 0;
  std::string text;
  for (const char c : std::string_view(kept_).substr(start)) {
    if (c == '\r') {
      continue;
    }
    const bool printable = (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
    text += printable ? c : '?';
  }
  return text;
}

std::string last_lines(std::string text, size_t limit_bytes) {
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  if (text.size() > limit_bytes) {
    text.erase(0, text.size() - limit_bytes);
    text.erase(0, text.find('\n') + 1);  // npos + 1 is 0: one long line stays
  }
  return text;
}

}  // namespace caisson::vmm
