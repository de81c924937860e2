// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/service_manager.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

constexpr std::string_view kVariable = "NOTIFY_SOCKET=";
// An abstract name is no place in a file system; runc's directory.
constexpr const char* kDirectoryOfAbstract = "/run/notify";

}  // namespace

Result<std::optional<ServiceManager>> find_service_manager(const char* address) {
  const std::string_view name = address == nullptr ? "" : address;
  if (name.empty()) {
    return std::nullopt;
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if ((name.front() != '/' && name.front() != '@') || name.size() < 2 || name.size() >= sizeof(to.sun_path)) {
    return fail(EINVAL, "NOTIFY_SOCKET: \"" + std::string(name) +
                            "\" is neither an absolute path nor an abstract name of a socket; unset it");
  }
  std::memcpy(to.sun_path, name.data(), name.size());
  const bool is_abstract = name.front() == '@';
  if (is_abstract) {
    to.sun_path[0] = '\0';
  }
  ServiceManager manager{.socket = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
                         .directory = is_abstract ? std::string(kDirectoryOfAbstract) : std::string(name)};
  if (!manager.socket) {
    return fail_errno("NOTIFY_SOCKET: make socket");
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (::connect(manager.socket.get(), reinterpret_cast<const sockaddr*>(&to), size) < 0) {
    spdlog::warn("NOTIFY_SOCKET: {} cannot be reached ({}); nobody will hear when the container is ready",
                 name, std::strerror(errno));
    manager.socket.reset();
  }
  return manager;
}

void set_notify_socket(const std::string& directory, agent::v1::Process& process) {
  auto& variables = *process.mutable_env();
  const auto gone = std::remove_if(variables.begin(), variables.end(), [](const std::string& variable) {
    return variable.starts_with(kVariable);
  });
  variables.erase(gone, variables.end());
  process.add_env(std::string(kVariable) + directory + "/notify");
}

}  // namespace caisson::runtime
