// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle/unreached_links.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/system/files.h"

namespace caisson::runtime {
namespace {

constexpr size_t kMaxBytes = 4UL << 20;  // LIMIT: some ten thousand links
constexpr size_t kMostNamed = 4;

// ip-link(8): "fallback" devices of tunnels, there as soon as the host has the module.
constexpr std::string_view kOfEveryNamespace[] = {"lo",      "tunl0",    "gre0",    "gretap0", "erspan0",
                                                  "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0", "sit0"};

}  // namespace

std::vector<std::string> links_in(std::string_view net_dev) {
  std::vector<std::string> links;
  while (!net_dev.empty()) {
    std::string_view line = net_dev.substr(0, net_dev.find('\n'));
    net_dev.remove_prefix(std::min(net_dev.size(), line.size() + 1));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
    const size_t colon = line.find(':');
    // The two lines of the heading have none.
    if (colon == std::string_view::npos) {
      continue;
    }
    const std::string_view name = line.substr(0, colon);
    if (std::find(std::begin(kOfEveryNamespace), std::end(kOfEveryNamespace), name) ==
        std::end(kOfEveryNamespace)) {
      links.emplace_back(name);
    }
  }
  return links;
}

void warn_of_unreached_links(pid_t vmm) {
  const auto text = read_file("/proc/" + std::to_string(vmm) + "/net/dev", kMaxBytes);
  const auto links = text ? links_in(*text) : std::vector<std::string>();
  if (links.empty()) {
    return;
  }
  std::string named;
  for (size_t i = 0; i < std::min(links.size(), kMostNamed); ++i) named += (i == 0 ? "" : ", ") + links[i];
  spdlog::warn(
      "network: the container was given {}{}, but a VM reaches no network yet: it has its loopback alone, "
      "and "
      "no published port leads to it; say that it needs none (podman, docker: --network none)",
      named, links.size() > kMostNamed ? ", …" : "");
}

bool may_warn_beside_container(const LogOptions& log) {
  return !log.path.empty() || ::isatty(STDERR_FILENO) == 1;
}

}  // namespace caisson::runtime
