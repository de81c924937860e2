// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/config.h"

#include <sched.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "protocol/agent/limits.h"
#include "runtime/oci/names.h"
#include "runtime/oci/unified.h"

namespace caisson::runtime::oci {
namespace {

template <typename T>
Result<T> parse(std::string_view text, std::string_view what) {
  const Document document = TRY(Document::parse(text, what));
  T parsed;
  TRY_CONTEXT(what, read(document.root(), parsed));
  return parsed;
}

// Of the lowest bit.
std::string capability_name(uint64_t bits) {
  const auto number = static_cast<uint64_t>(std::countr_zero(bits));
  const auto names = capability_names();
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const Name& n) { return n.number == number; });
  return found == names.end() ? std::to_string(number) : std::string(found->name);
}

// What the tables cannot say: rules that tie fields together.
Result<void> check_process(const Process& process, const std::string& path) {
  if (process.args.empty()) {
    return fail(EINVAL, path + "args: must not be empty");
  }
  // [oci] config.md, process.cwd: "This value MUST be an absolute path."
  if (!process.cwd.starts_with('/')) {
    return fail(EINVAL, path + "cwd: must be an absolute path");
  }
  // capabilities(7): the effective set is part of the permitted one.
  if (process.capabilities) {
    const uint64_t excess = process.capabilities->effective.bits & ~process.capabilities->permitted.bits;
    if (excess != 0) {
      return fail(EINVAL,
                  path + "capabilities.effective: " + capability_name(excess) + " is not in permitted");
    }
  }
  // [oci] config.md, rlimits: "The runtime MUST generate an error for duplicated entries".
  for (size_t i = 0; i < process.rlimits.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (process.rlimits[i].type.number == process.rlimits[j].type.number) {
        return fail(EINVAL, path + "rlimits[" + std::to_string(i) + "].type: is given twice");
      }
    }
  }
  return {};
}

Result<void> check_hooks(const std::vector<Hook>& hooks, const char* kind) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    const std::string path = std::string("hooks.") + kind + "[" + std::to_string(i) + "]";
    if (!hooks[i].path.starts_with('/')) {
      return fail(EINVAL, path + ".path: must be an absolute path");
    }
    if (hooks[i].timeout && *hooks[i].timeout <= 0) {
      return fail(EINVAL, path + ".timeout: must be greater than zero");
    }
  }
  return {};
}

// As runc and crun: without a namespace of its own the container would rename whoever it shares one with.
Result<void> check_names(const Config& config) {
  if (config.linux_.find_namespace(CLONE_NEWUTS) != nullptr) {
    return {};
  }
  const bool has_hostname = !config.hostname.empty();
  if (has_hostname || !config.domainname.empty()) {
    return fail(EINVAL, std::string(has_hostname ? "hostname" : "domainname") +
                            ": needs a namespace of its own; add {\"type\": \"uts\"} to linux.namespaces");
  }
  return {};
}

// user_namespaces(7), "Defining user and group ID mappings". The guest's kernel would say no more than
// EINVAL.
Result<void> check_mapping(const std::vector<IdMapping>& mappings, const std::string& path) {
  constexpr size_t kMost = agent::kMaxIdMappings;
  if (mappings.size() > kMost) {
    return fail(EINVAL, path + ": has more than " + std::to_string(kMost) + " entries, the kernel's most");
  }
  const auto meets = [](uint64_t first, uint64_t second, uint64_t first_size, uint64_t second_size) {
    return first < second + second_size && second < first + first_size;
  };
  for (size_t i = 0; i < mappings.size(); ++i) {
    const IdMapping& one = mappings[i];
    const std::string entry = path + "[" + std::to_string(i) + "]";
    if (one.size == 0) {
      return fail(EINVAL, entry + ".size: must not be 0");
    }
    // The last number is no id.
    if (uint64_t{one.container_id} + one.size > UINT32_MAX || uint64_t{one.host_id} + one.size > UINT32_MAX) {
      return fail(EINVAL, entry + ": ids must be below 4294967295");
    }
    for (size_t j = 0; j < i; ++j) {
      const IdMapping& other = mappings[j];
      if (meets(one.container_id, other.container_id, one.size, other.size) ||
          meets(one.host_id, other.host_id, one.size, other.size)) {
        return fail(EINVAL, entry + ": overlaps with " + path + "[" + std::to_string(j) + "]");
      }
    }
  }
  return {};
}

// As runc. Mappings without a namespace of their own concern nobody, to runc and crun as well.
Result<void> check_mappings(const Linux& config) {
  // One with a path is the host's, and refused for that.
  const Namespace* users = config.find_namespace(CLONE_NEWUSER);
  if (users == nullptr || !users->path.empty()) {
    return {};
  }
  for (const auto& [mappings, path] : {std::pair{&config.uid_mappings, "linux.uidMappings"},
                                       std::pair{&config.gid_mappings, "linux.gidMappings"}}) {
    if (mappings->empty()) {
      return fail(EINVAL, std::string(path) +
                              ": is missing, and linux.namespaces has a user namespace, which knows no ids "
                              "without; give it, or remove {\"type\": \"user\"}");
    }
    TRY(check_mapping(*mappings, path));
  }
  return {};
}

Result<void> check_config(const Config& config) {
  // [oci] config.md, ociVersion: SemVer 2.0.0; every 1.x is compatible.
  if (!config.oci_version.starts_with("1.")) {
    return fail(EINVAL, "ociVersion: \"" + config.oci_version + "\" is not supported; 1.x is");
  }
  if (config.process) {
    TRY(check_process(*config.process, "process."));
  }
  if (config.root.path.empty()) {
    return fail(EINVAL, "root.path: must not be empty");
  }
  for (size_t i = 0; i < config.mounts.size(); ++i) {
    if (config.mounts[i].destination.empty()) {
      return fail(EINVAL, "mounts[" + std::to_string(i) + "].destination: must not be empty");
    }
  }
  const auto& namespaces = config.linux_.namespaces;
  for (size_t i = 0; i < namespaces.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (namespaces[i].type.flag == namespaces[j].type.flag) {
        return fail(EINVAL, "linux.namespaces[" + std::to_string(i) + "].type: is given twice");
      }
    }
  }
  for (size_t i = 0; i < config.mounts.size(); ++i) {
    const std::string path = "mounts[" + std::to_string(i) + "]";
    TRY(check_mapping(config.mounts[i].uid_mappings, path + ".uidMappings"));
    TRY(check_mapping(config.mounts[i].gid_mappings, path + ".gidMappings"));
  }
  TRY(check_mappings(config.linux_));
  TRY(check_names(config));
  TRY(check_hooks(config.hooks.prestart, "prestart"));
  TRY(check_hooks(config.hooks.create_runtime, "createRuntime"));
  TRY(check_hooks(config.hooks.create_container, "createContainer"));
  TRY(check_hooks(config.hooks.start_container, "startContainer"));
  TRY(check_hooks(config.hooks.poststart, "poststart"));
  return check_hooks(config.hooks.poststop, "poststop");
}

}  // namespace

Result<Config> parse_config(std::string_view text) {
  auto config = TRY(parse<Config>(text, "config.json"));
  TRY_CONTEXT("config.json", check_config(config));
  TRY_CONTEXT("config.json", follow_unified(config.linux_.resources));
  return config;
}

Result<Process> parse_process(std::string_view text) {
  auto process = TRY(parse<Process>(text, "process.json"));
  TRY_CONTEXT("process.json", check_process(process, ""));
  return process;
}

Result<Resources> parse_resources(std::string_view text) {
  auto resources = TRY(parse<Resources>(text, "resources"));
  TRY_CONTEXT("resources", follow_unified(resources));
  return resources;
}

std::span<const Row> config_rows() {
  return rows(static_cast<const Config*>(nullptr));
}

}  // namespace caisson::runtime::oci
