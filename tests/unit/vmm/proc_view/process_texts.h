// SPDX-License-Identifier: Apache-2.0
// What an honest agent says of one process.
#pragma once

#include <string>

#include "protocol/agent/agent.pb.h"

namespace caisson::test {

inline std::string stat_text(uint32_t pid, const std::string& name = "sh") {
  return std::to_string(pid) + " (" + name +
         ") S 0 1 1 34816 7 4194560 130 0 2 0 5 6 0 0 20 0 1 0 37 1359872 256 18446744073709551615 1 2 3 4 5 "
         "0 0 "
         "0 65538 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

inline std::string status_text(uint32_t pid, const std::string& name = "sh") {
  const std::string number = std::to_string(pid);
  return "Name:\t" + name + "\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t" + number + "\nNgid:\t0\nPid:\t" +
         number + "\nPPid:\t0\nTracerPid:\t0\nUid:\t0\t1\t2\t3\nGid:\t4\t5\t6\t7\nGroups:\t10 11 \nNSpid:\t" +
         number + "\nVmRSS:\t    1024 kB\nSigQ:\t0/800\nCapEff:\t00000000a80425fb\nSeccomp:\t0\n";
}

inline agent::v1::ReadProcResponse process_response(uint32_t pid) {
  agent::v1::ReadProcResponse response;
  response.set_stat(stat_text(pid));
  response.set_status(status_text(pid));
  response.set_cmdline(std::string("sh\0-c\0true\0", 11));
  return response;
}

}  // namespace caisson::test
