// SPDX-License-Identifier: Apache-2.0
#include "agent/ids/user_namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "agent/proc/setting.h"

namespace caisson::agent {
namespace {

std::string lines_of(const IdMappings& mappings) {
  std::string lines;
  for (const v1::IdMapping& mapping : mappings) {
    lines += std::to_string(mapping.container_id()) + " " + std::to_string(mapping.host_id()) + " " +
             std::to_string(mapping.size()) + "\n";
  }
  return lines;
}

// The first process of a new user namespace; it does nothing, and ends with this.
class Placeholder {
 public:
  static Result<Placeholder> create() {
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER;
    arguments.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (pid < 0) {
      return fail_errno("make user namespace");
    }
    if (pid == 0) {
      for (;;) {
        ::pause();
      }
    }
    return Placeholder(static_cast<pid_t>(pid));
  }
  Placeholder(Placeholder&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Placeholder& operator=(Placeholder&&) = delete;
  ~Placeholder() {
    if (pid_ > 0) {
      // Reaped here, so that its number means nobody else until then.
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  explicit Placeholder(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace

IdMaps id_maps_of(const IdMappings& uids, const IdMappings& gids) {
  return {.uid = lines_of(uids), .gid = lines_of(gids)};
}

Result<void> write_id_maps(pid_t pid, const IdMaps& maps) {
  TRY(write_proc_setting(pid, "gid_map", maps.gid));
  return write_proc_setting(pid, "uid_map", maps.uid);
}

Result<UniqueFd> make_user_namespace(const IdMaps& maps) {
  const Placeholder process = TRY(Placeholder::create());
  TRY(write_id_maps(process.pid(), maps));
  const std::string path = "/proc/" + std::to_string(process.pid()) + "/ns/user";
  UniqueFd user_namespace(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!user_namespace) {
    return fail_errno("open " + path);
  }
  return user_namespace;
}

}  // namespace caisson::agent
