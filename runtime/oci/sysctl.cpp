// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/sysctl.h"

#include <sched.h>

#include <algorithm>

namespace caisson::runtime::oci {
namespace {

struct Owner {
  std::string_view name;  // with a dot at its end: all that begin with it
  uint64_t flag;
  const char* kind;
};
constexpr Owner kOwners[] = {
    {"net.", CLONE_NEWNET, "network"},          {"fs.mqueue.", CLONE_NEWIPC, "ipc"},
    {"kernel.msgmax", CLONE_NEWIPC, "ipc"},     {"kernel.msgmnb", CLONE_NEWIPC, "ipc"},
    {"kernel.msgmni", CLONE_NEWIPC, "ipc"},     {"kernel.sem", CLONE_NEWIPC, "ipc"},
    {"kernel.shmall", CLONE_NEWIPC, "ipc"},     {"kernel.shmmax", CLONE_NEWIPC, "ipc"},
    {"kernel.shmmni", CLONE_NEWIPC, "ipc"},     {"kernel.shm_rmid_forced", CLONE_NEWIPC, "ipc"},
    {"kernel.domainname", CLONE_NEWUTS, "uts"},
};

// sysctl(8) takes slashes too, where a name holds a dot.
std::string dotted(std::string key) {
  if (key.find('/') != std::string::npos) {
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return c == '/' ? '.' : c == '.' ? '/' : c;
    });
  }
  return key;
}

Result<void> check(const std::string& key, const Linux& config) {
  const std::string name = dotted(key);
  const std::string context = "linux.sysctl[\"" + key + "\"]: ";
  if (name == "kernel.hostname") {
    return fail(EINVAL, context + "give the name as \"hostname\" of the configuration");
  }
  for (const Owner& owner : kOwners) {
    const bool is_of = owner.name.ends_with('.') ? name.starts_with(owner.name) : name == owner.name;
    if (is_of && config.find_namespace(owner.flag) == nullptr) {
      return fail(EINVAL, context + "belongs to the " + owner.kind +
                              " namespace, and none of the container's own is in linux.namespaces");
    }
  }
  return {};
}

}  // namespace

Result<void> check_sysctls(const Linux& config) {
  for (const auto& [key, value] : config.sysctl) {
    TRY(check(key, config));
  }
  return {};
}

}  // namespace caisson::runtime::oci
