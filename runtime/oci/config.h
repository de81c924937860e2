// SPDX-License-Identifier: Apache-2.0
// config.json as typed values. Made by parse_config() (config_fields.cpp and its siblings hold the tables),
// read by runtime/lifecycle, runtime/cgroup and the commands. Plain values: no member is checked against the
// host here. [oci] config.md, config-linux.md
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "runtime/oci/fields.h"
#include "runtime/oci/hooks.h"
#include "runtime/oci/linux.h"
#include "runtime/oci/mount.h"
#include "runtime/oci/process.h"

namespace caisson::runtime::oci {

struct Config {
  std::string oci_version;
  std::optional<Process> process;
  Root root;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  Linux linux_;  // `linux` is a macro of the compiler
};

// The text of config.json; every error carries the JSON path of its cause.
Result<Config> parse_config(std::string_view text);
// The text of a process.json (exec --process).
Result<Process> parse_process(std::string_view text);

// The rows of config.json's top level; the page docs/oci-support.md is made of them.
std::span<const Row> config_rows();

std::span<const Row> rows(const Config* type);

}  // namespace caisson::runtime::oci
