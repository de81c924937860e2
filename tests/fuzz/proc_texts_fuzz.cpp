// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_proc_view caisson_agent
// What a guest says of its processes, and what the agent makes of the kernel's text. The first byte chooses;
// of what the host accepts, readers take the shape for granted.
#include <cstdlib>
#include <sstream>

#include "agent/proc/files.h"
#include "protocol/agent/agent.pb.h"
#include "vmm/proc_view/texts.h"

namespace {

constexpr uint32_t kPid = 7;

// As podman's psgo takes it apart, which ends on an index that is not there.
void read_stat(const std::string& text) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == 0 || open == std::string::npos || close == std::string::npos || close < open) {
    std::abort();
  }
  std::istringstream rest(text.substr(close + 1));
  int fields = 0;
  for (std::string word; rest >> word; ++fields) {
  }
  if (fields < 21) {
    std::abort();
  }
}

void read_status(const std::string& text) {
  int owners = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line) {
      if (c >= 0 && c < ' ' && c != '\t') {
        std::abort();
      }
    }
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Uid:" || key == "Gid:") {
      uint64_t id = 0;
      int ids = 0;
      for (; words >> id; ++ids) {
      }
      owners += ids == 4 ? 1 : 100;
    }
  }
  if (owners != 2) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 4) {
    case 0:
      if (const auto stat = caisson::vmm::check_stat(kPid, bytes)) {
        read_stat(*stat);
      }
      break;
    case 1:
      if (const auto status = caisson::vmm::check_status(kPid, bytes)) {
        read_status(*status);
      }
      break;
    case 2: {
      caisson::agent::v1::ReadProcResponse response;
      if (response.ParseFromString(bytes)) {
        (void)caisson::vmm::check_proc(0, response);
        (void)caisson::vmm::check_proc(kPid, response);
      }
      break;
    }
    default: {
      const size_t half = bytes.size() / 2;
      caisson::agent::ProcFiles files{
          .stat = bytes.substr(0, half), .status = bytes.substr(half), .cmdline = {}};
      (void)caisson::agent::parse_id_map(bytes);
      (void)caisson::agent::translate(
          files, {.level = 1, .seen = [](pid_t pid) { return pid; }, .uids = {}, .gids = {{1, 2, 3}}});
      break;
    }
  }
  return 0;
}
