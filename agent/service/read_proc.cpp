// SPDX-License-Identifier: Apache-2.0
// ReadProc: what /proc of the container shows. Read from the guest's own /proc and rewritten: in the
// container's mount namespace, files named like these may be anything, and reading them may never end.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <memory>

#include "agent/machine/uptime.h"
#include "agent/proc/files.h"
#include "agent/proc/pid_namespace.h"
#include "agent/service/calls.h"
#include "protocol/agent/limits.h"

namespace caisson::agent {
namespace {

// LIMIT: agent.proto, ReadProcResponse.
constexpr size_t kMaxStatus = 64U << 10;
constexpr size_t kMaxCommandLine = 64U << 10;
// LIMIT: an id map has kMaxIdMappings lines at most, of three numbers.
constexpr size_t kMaxIdMap = 16U << 10;

std::string proc_directory(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

// The directory stays that of the same process: another of its number is not found in it.
Result<UniqueFd> open_process(pid_t pid) {
  UniqueFd fd(::open(proc_directory(pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("read process " + std::to_string(pid), ESRCH);
  }
  return fd;
}

// Its first `most` bytes.
Result<std::string> read_file(const UniqueFd& directory, const char* name, size_t most) {
  const UniqueFd file(::openat(directory.get(), name, O_RDONLY | O_CLOEXEC));
  if (!file) {
    return fail_errno("read process", ESRCH);
  }
  std::string text(most, '\0');
  size_t size = 0;
  while (size < most) {
    const ssize_t n = ::read(file.get(), text.data() + size, most - size);
    if (n < 0) {
      return fail_errno("read process", ESRCH);
    }
    if (n == 0) {
      break;
    }
    size += static_cast<size_t>(n);
  }
  text.resize(size);
  return text;
}

Result<Viewpoint> viewpoint_of(pid_t init, const PidNamespace& processes) {
  const UniqueFd directory = TRY(open_process(init));
  const size_t namespaces = namespaces_in(TRY(read_file(directory, "status", kMaxStatus)));
  if (namespaces == 0) {
    return fail(EPROTO, "read process status: it names no namespaces");
  }
  // First each, then all: GCC forgets, on the way out of a half-made value, what has been made of it.
  std::vector<IdRange> uids = TRY(parse_id_map(TRY(read_file(directory, "uid_map", kMaxIdMap))));
  std::vector<IdRange> gids = TRY(parse_id_map(TRY(read_file(directory, "gid_map", kMaxIdMap))));
  return Viewpoint{.level = namespaces - 1,
                   .seen = [&processes](pid_t pid) { return processes.inside(pid); },
                   .uids = std::move(uids),
                   .gids = std::move(gids)};
}

Result<void> read_top(const PidNamespace& processes, v1::ReadProcResponse& response) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), ::closedir);
  if (!directory) {
    return fail_errno("list processes");
  }
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc() || end != name.data() + name.size()) {
      continue;
    }
    if (const pid_t seen = processes.inside(pid); seen != 0 && response.pids_size() < kMaxPids) {
      response.add_pids(static_cast<uint32_t>(seen));
    }
  }
  response.set_uptime_ns(uptime_ns());
  return {};
}

Result<void> read_process(uint32_t pid, pid_t init, const PidNamespace& processes,
                          v1::ReadProcResponse& response) {
  const pid_t here = processes.outside(static_cast<pid_t>(pid));
  if (here == 0) {
    return fail(ESRCH, "read process " + std::to_string(pid) + ": no such process");
  }
  const UniqueFd directory = TRY(open_process(here));
  ProcFiles files;
  files.stat = TRY(read_file(directory, "stat", kMaxStatBytes));
  files.status = TRY(read_file(directory, "status", kMaxStatus));
  files.cmdline = TRY(read_file(directory, "cmdline", kMaxCommandLine));
  TRY(translate(files, TRY(viewpoint_of(init, processes))));
  response.set_stat(std::move(files.stat));
  response.set_status(std::move(files.status));
  response.set_cmdline(std::move(files.cmdline));
  return {};
}

Result<v1::ReadProcResponse> read(Agent& agent, const v1::ReadProcRequest& request) {
  const Container* container = TRY(agent.containers().find_enterable(request.container()));
  const pid_t init = container->init->pid();
  const PidNamespace processes = TRY(PidNamespace::of(init));
  v1::ReadProcResponse response;
  if (request.pid() == 0) {
    TRY(read_top(processes, response));
  } else {
    TRY(read_process(request.pid(), init, processes, response));
  }
  return response;
}

}  // namespace

void read_proc(Agent& agent, const v1::ReadProcRequest& request, ttrpc::Responder responder) {
  const auto response = read(agent, request);
  if (response) {
    responder.succeed(*response);
  } else {
    responder.fail(response.error());
  }
}

}  // namespace caisson::agent
