// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

void tell_list(const char* subject, char* const* strings) {
  int index = 0;
  for (; *strings != nullptr; ++strings) {
    tell(std::string(subject) + " " + std::to_string(index++), *strings);
  }
  tell(std::string(subject) + " count", index);
}

// A terminal or nothing would make us wait for a person.
void tell_input() {
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) < 0 || ::isatty(STDIN_FILENO) == 1) {
    return;
  }
  std::array<char, 256> bytes{};
  const ssize_t n = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  tell("standard input", n < 0 ? outcome(n) : std::string(bytes.data(), static_cast<size_t>(n)));
}

}  // namespace

void tell_invocation(Arguments arguments) {
  tell_list("argument", arguments.data());
  tell_list("environment", environ);
  std::array<char, PATH_MAX> directory{};
  tell("working directory",
       ::getcwd(directory.data(), directory.size()) != nullptr ? directory.data() : outcome(-1));
  tell_input();
}

}  // namespace caisson::probe
