// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/table.h"

#include <algorithm>

namespace caisson::runtime {

std::string Table::text() const {
  constexpr size_t kMinimumWidth = 12;
  constexpr size_t kGap = 3;
  std::vector<size_t> widths(rows_[0].size(), kMinimumWidth);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size() + kGap);
  }
  std::string text;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      // The last column is not padded.
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace caisson::runtime
