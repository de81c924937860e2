// SPDX-License-Identifier: Apache-2.0
#include "agent/mounts/tmpfs_size.h"

#include <sys/sysinfo.h>

#include "common/guest_layout.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

bool has_option(const std::string& data, const char* name) {
  return ("," + data).find("," + std::string(name) + "=") != std::string::npos;
}

void append(std::string& data, const std::string& option) {
  data += (data.empty() ? "" : ",") + option;
}

}  // namespace

std::string with_tmpfs_size(std::string data, const v1::CreateContainerRequest& request) {
  struct sysinfo now {};
  if (request.spare_memory_blocks().empty() || has_option(data, "size") || has_option(data, "nr_blocks") ||
      ::sysinfo(&now) < 0) {
    return data;
  }
  constexpr uint64_t kPageBytes = 4096;
  const uint64_t memory =
      uint64_t{now.totalram} * now.mem_unit +
      static_cast<uint64_t>(request.spare_memory_blocks_size()) * guest_layout::kBlockBytes;
  append(data, "size=" + std::to_string(memory / 2));
  if (!has_option(data, "nr_inodes")) {
    append(data, "nr_inodes=" + std::to_string(memory / 2 / kPageBytes));
  }
  return data;
}

}  // namespace caisson::agent
