// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "runtime/launch/settings.h"

namespace caisson::runtime {
namespace {

bool is_our_own(int network) {
  struct stat joined {};
  struct stat own {};
  return ::fstat(network, &joined) == 0 && ::stat("/proc/self/ns/net", &own) == 0 &&
         joined.st_dev == own.st_dev && joined.st_ino == own.st_ino;
}

}  // namespace

// [oci] config-linux.md, "Network": without a network namespace the container would use the host's.
Result<UniqueFd> open_network_namespace(const oci::Config& config) {
  const oci::Namespace* network = config.linux_.find_namespace(CLONE_NEWNET);
  const bool loopback_instead = TRY(loopback_for_host_network());
  if (network == nullptr && !loopback_instead) {
    return fail(
        EINVAL,
        "linux.namespaces: no \"network\" is listed, but a VM cannot use the host's network stack; add "
        "{\"type\": \"network\"}");
  }
  if (network == nullptr || network->path.empty()) {
    return UniqueFd();
  }
  UniqueFd fd(::open(network->path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("linux.namespaces (network): open " + network->path);
  }
  if (!is_our_own(fd.get())) {
    return fd;
  }
  if (loopback_instead) {
    return UniqueFd();
  }
  return fail(EINVAL, "linux.namespaces (network): " + network->path +
                          " is the host's own, but a VM cannot use the host's network stack; use a network "
                          "namespace of the container");
}

}  // namespace caisson::runtime
