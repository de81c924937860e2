// SPDX-License-Identifier: Apache-2.0
// What the guest says of the container's processes, checked before the host reads it. Programs that read
// /proc (podman's psgo) trust its text as the kernel's, and index into it unchecked. So a text that does not
// look like the kernel's never becomes a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace caisson::agent::v1 {
class ReadProcResponse;
}

namespace caisson::vmm {

// LIMIT: Linux's PID_MAX_LIMIT.
inline constexpr uint32_t kMaxPid = 4U << 20;
// LIMIT: agent.proto, ReadProcResponse: no file is larger.
inline constexpr size_t kMaxFileBytes = 64U << 10;

// One directory of the container's /proc: the top, or a process.
struct ProcDirectory {
  std::vector<uint32_t> pids;  // for the top
  std::string stat;
  std::string status;
  std::string cmdline;
};

// EPROTO for a text that no kernel gives for that pid (0: the top), EMSGSIZE past agent.proto's limits.
Result<ProcDirectory> check_proc(uint32_t pid, const agent::v1::ReadProcResponse& response);

// proc(5). What a terminal might obey is replaced in names.
Result<std::string> check_stat(uint32_t pid, std::string_view text);
Result<std::string> check_status(uint32_t pid, std::string_view text);

}  // namespace caisson::vmm
