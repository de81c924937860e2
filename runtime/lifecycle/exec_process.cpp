// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/exec_process.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "runtime/oci/names.h"
#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

Result<uint32_t> parse_number(std::string_view text, const char* what) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return fail(EINVAL, std::string("parse ") + what + ": \"" + std::string(text) + "\" is not a number");
  }
  return number;
}

Result<void> set_user(const std::string& text, oci::User& user) {
  const size_t colon = text.find(':');
  user.uid = TRY(parse_number(std::string_view(text).substr(0, colon), "--user"));
  if (colon != std::string::npos) {
    user.gid = TRY(parse_number(std::string_view(text).substr(colon + 1), "--user"));
  }
  return {};
}

void add_capabilities(const std::vector<std::string>& names, oci::Process& process) {
  for (const std::string& name : names) {
    const auto number = oci::find_number(oci::capability_names(), name);
    if (!number) {
      // As with those of config.json.
      spdlog::warn("--cap: {} is unknown and left out", name);
      continue;
    }
    if (!process.capabilities) {
      process.capabilities.emplace();
    }
    const uint64_t bit = uint64_t{1} << *number;
    // Not inheritable: that would let an ordinary file's capabilities come back. As in runc.
    for (oci::CapabilitySet* set : {&process.capabilities->bounding, &process.capabilities->effective,
                                    &process.capabilities->permitted}) {
      set->bits |= bit;
    }
    // What is not inheritable cannot be ambient.
    process.capabilities->ambient.bits |= bit & process.capabilities->inheritable.bits;
  }
}

}  // namespace

Result<oci::Process> exec_process(const ExecOptions& options, const oci::Config& container) {
  if (!options.process_file.empty()) {
    return oci::parse_process(TRY(read_file(options.process_file, oci::kMaxDocumentBytes)));
  }
  if (options.command.empty()) {
    return fail(EINVAL, "no command given; usage: caisson exec [options] CONTAINER COMMAND [ARGUMENT...]");
  }
  if (!container.process) {
    return fail(EINVAL, "the container has no process to take user and environment from; give --process");
  }
  oci::Process process = *container.process;
  process.args = options.command;
  process.terminal = options.terminal;
  process.console_size.reset();
  if (!options.cwd.empty()) {
    process.cwd = options.cwd;
  }
  process.env.insert(process.env.end(), options.environment.begin(), options.environment.end());
  if (!options.user.empty()) {
    TRY(set_user(options.user, process.user));
  }
  for (const std::string& gid : options.additional_gids) {
    process.user.additional_gids.push_back(TRY(parse_number(gid, "--additional-gids")));
  }
  add_capabilities(options.capabilities, process);
  process.no_new_privileges |= options.no_new_privileges;
  if (!options.cpu_affinity.empty()) {
    const size_t colon = std::min(options.cpu_affinity.find(':'), options.cpu_affinity.size());
    process.exec_cpu_affinity = {
        .initial = options.cpu_affinity.substr(0, colon),
        .final_ = options.cpu_affinity.substr(std::min(colon + 1, options.cpu_affinity.size()))};
  }
  return process;
}

}  // namespace caisson::runtime
