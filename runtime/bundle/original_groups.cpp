// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/original_groups.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

constexpr const char* kAnnotation = "run.oci.keep_original_groups";

Result<std::vector<gid_t>> own_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<size_t>(std::max(count, 0)));
  if (count < 0 || ::getgroups(count, groups.data()) != count) {
    return fail_errno("read own groups");
  }
  return groups;
}

}  // namespace

Result<void> keep_original_groups(const oci::Config& config, agent::v1::User& user) {
  const auto asked = config.annotations.find(kAnnotation);
  if (asked == config.annotations.end() || asked->second.empty() || asked->second == "0") {
    return {};
  }
  if (asked->second != "1") {
    return fail(EINVAL, std::string("annotations[\"") + kAnnotation + "\"]: must be 0 or 1");
  }
  for (const gid_t group : TRY(own_groups())) {
    const auto& known = user.additional_gids();
    if (std::find(known.begin(), known.end(), group) == known.end()) {
      user.add_additional_gids(group);
    }
  }
  return {};
}

}  // namespace caisson::runtime
