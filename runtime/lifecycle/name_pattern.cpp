// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/name_pattern.h"

#include <array>

namespace caisson::runtime {

void NamePattern::Free::operator()(regex_t* compiled) const {
  ::regfree(compiled);
  delete compiled;
}

Result<NamePattern> NamePattern::parse(const std::string& expression) {
  auto compiled = std::make_unique<regex_t>();
  if (const int error = ::regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB); error != 0) {
    std::array<char, 256> reason{};
    ::regerror(error, compiled.get(), reason.data(), reason.size());
    return fail(EINVAL, "--regex: \"" + expression + "\": " + reason.data());
  }
  return NamePattern(std::unique_ptr<regex_t, Free>(compiled.release()));
}

bool NamePattern::matches(const std::string& name) const {
  return ::regexec(compiled_.get(), name.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace caisson::runtime
