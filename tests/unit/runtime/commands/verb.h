// SPDX-License-Identifier: Apache-2.0
// One verb of the command line, run as main() runs it, with what it prints.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"

namespace caisson::runtime {

struct Ran {
  Result<int> code = 0;
  std::string output;
  bool is_parsed = true;  // false: the library refused the command line

  [[nodiscard]] std::string error() const { return code ? "none" : code.error().message; }
};

inline Ran run_verb(std::unique_ptr<Command> (*make)(), std::vector<std::string> arguments,
                    const std::string& root) {
  const std::vector<std::string> after;
  CLI::App program;
  const auto command = make();
  command->declare(Options(*program.add_subcommand("verb"), after));
  arguments.insert(arguments.begin(), "verb");
  std::reverse(arguments.begin(), arguments.end());
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ParseError&) {
    return {.is_parsed = false};
  }
  Globals globals;
  globals.root = root;
  ::testing::internal::CaptureStdout();
  Ran ran{.code = command->run(globals)};
  std::fflush(stdout);
  ran.output = ::testing::internal::GetCapturedStdout();
  return ran;
}

}  // namespace caisson::runtime
