// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/exec_error.h"

#include <spdlog/spdlog.h>

namespace caisson::runtime {
namespace {

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

}  // namespace

bool is_exec_error(const Error& error) {
  return error.message.find("exec: \"") != std::string::npos;
}

Result<int> exec_exit_code(Error error) {
  if (!is_exec_error(error)) {
    return tl::unexpected(std::move(error));
  }
  spdlog::error("{}", error.message);
  return error.code == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace caisson::runtime
