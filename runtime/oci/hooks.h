// SPDX-License-Identifier: Apache-2.0
// [oci] config.md, "POSIX-platform Hooks"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/oci/fields.h"

namespace caisson::runtime::oci {

struct Hook {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::optional<int32_t> timeout;  // seconds, above zero
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

std::span<const Row> rows(const Hook* type);
std::span<const Row> rows(const Hooks* type);

}  // namespace caisson::runtime::oci
