// SPDX-License-Identifier: Apache-2.0
// A pattern of container names: an extended regular expression, as in crun (regex(7)). Used by delete
// --regex.
#pragma once

#include <regex.h>

#include <memory>
#include <string>

#include "common/result.h"

namespace caisson::runtime {

class NamePattern {
 public:
  // EINVAL, with the fault of the expression.
  static Result<NamePattern> parse(const std::string& expression);

  // It matches anywhere in the name, unless it is anchored.
  [[nodiscard]] bool matches(const std::string& name) const;

 private:
  struct Free {
    void operator()(regex_t* compiled) const;
  };
  explicit NamePattern(std::unique_ptr<regex_t, Free> compiled) : compiled_(std::move(compiled)) {}

  std::unique_ptr<regex_t, Free> compiled_;
};

}  // namespace caisson::runtime
