// SPDX-License-Identifier: Apache-2.0
// Columns of text, laid out as runc's tables are: at least 12 wide, 3 spaces between.
#pragma once

#include <string>
#include <vector>

namespace caisson::runtime {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace caisson::runtime
