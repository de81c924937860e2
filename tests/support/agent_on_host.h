// SPDX-License-Identifier: Apache-2.0
// Runs the real agent on this host for tests: as PID 1 of private process and mount namespaces, on Unix
// sockets, over a root file system of static busybox. Needs root, unshare(1) and busybox-static; says so when
// they are missing.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"

namespace caisson::test {

// Empty when tests with a real agent can run here, else why not.
std::string why_no_agent_on_host();

class AgentOnHost {
 public:
  // `program` is the agent's path. Returns once its Ready event has come.
  static Result<std::unique_ptr<AgentOnHost>> start(const std::string& program);
  ~AgentOnHost();

  // A new connection to its call port.
  Result<agent::AgentClient> connect();
  // A stream of a process, as agent::open_stream() gives it.
  Result<UniqueFd> open_stream(agent::StreamKind kind, uint64_t process);
  // The next event; the agent's end is EPIPE.
  Result<agent::v1::AgentEvent> next_event();

  // Lets go of the event stream, as a host that has gone.
  void close_events() { events_.reset(); }
  // The agent and unshare(1) above it.
  [[nodiscard]] pid_t pid() const { return pid_; }

  // The directory that is exported as "rootfs".
  [[nodiscard]] std::filesystem::path rootfs() const { return directory_ / "exports" / "rootfs"; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  AgentOnHost() = default;
  Result<void> lay_out();
  Result<void> spawn(const std::string& program);
  Result<UniqueFd> dial(const char* name);

  std::filesystem::path directory_;
  pid_t pid_ = -1;
  UniqueFd events_listener_;
  UniqueFd events_;
  std::string event_bytes_;
};

// A request for a container of the busybox root file system: the namespaces, mounts and capabilities runc's
// `spec` gives, stdin, stdout and stderr attached.
agent::v1::CreateContainerRequest container_request(const std::string& id, uint64_t process,
                                                    const std::vector<std::string>& args);

// Everything up to end of file.
std::string read_all(const UniqueFd& fd);

}  // namespace caisson::test
