// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <array>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

constexpr std::array kNames = {"CPU",      "FSIZE",  "DATA",    "STACK", "CORE",  "RSS",
                               "NPROC",    "NOFILE", "MEMLOCK", "AS",    "LOCKS", "SIGPENDING",
                               "MSGQUEUE", "NICE",   "RTPRIO",  "RTTIME"};

std::string text_of(rlim_t limit) {
  return limit == RLIM_INFINITY ? "unlimited" : std::to_string(limit);
}

}  // namespace

void tell_limits(Arguments /*arguments*/) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    rlimit limit{};
    const int got = ::getrlimit(static_cast<__rlimit_resource_t>(i), &limit);
    tell(std::string("limit ") + kNames.at(i),
         got < 0 ? outcome(got) : text_of(limit.rlim_cur) + " of " + text_of(limit.rlim_max));
  }
}

}  // namespace caisson::probe
