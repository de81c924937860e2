// SPDX-License-Identifier: Apache-2.0
// caisson ps: the processes of a container. The table is for people: those of the guest, in the layout that
// ps(1) of the host has for the options given, with the host's names of users. The list is for engines, which
// look its pids up on the host (docker top): what the host has of the container is caisson-vmm, and a pid of
// the guest would name a stranger there.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "common/harmless.h"
#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/commands/command.h"
#include "runtime/commands/state_json.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/control.h"

namespace caisson::runtime {
namespace {

using Entry = agent::v1::ListProcessesResponse::Entry;

constexpr uint64_t kNanoseconds = 1'000'000'000;

std::string start_of(const Entry& entry, uint64_t uptime_ns) {
  const auto age =
      static_cast<time_t>((uptime_ns - std::min(uptime_ns, entry.start_time_ns())) / kNanoseconds);
  const time_t started = ::time(nullptr) - age;
  tm calendar{};
  ::localtime_r(&started, &calendar);
  std::array<char, 16> text{};
  constexpr time_t kDay = 24L * 60 * 60;
  std::strftime(text.data(), text.size(), age < kDay ? "%H:%M" : "%b%d", &calendar);
  return text.data();
}

std::string cpu_time_of(const Entry& entry) {
  const uint64_t seconds = entry.cpu_time_ns() / kNanoseconds;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02u:%02u:%02u", static_cast<unsigned>(seconds / 3600 % 100000),
                static_cast<unsigned>(seconds / 60 % 60), static_cast<unsigned>(seconds % 60));
  return text.data();
}

struct Layout {
  const char* title;
  void (*print)(const Entry& entry, uint64_t uptime_ns);
};

std::string terminal_of(const Entry& entry) {
  return entry.tty().empty() ? "?" : harmless(entry.tty());
}

// As ps has it: a number where the host knows no name.
std::string user_of(const Entry& entry) {
  const std::string name = owner_name(entry.uid());
  return name.starts_with('#') ? name.substr(1) : name;
}

// ps -ef
constexpr Layout kFull{.title = "UID          PID    PPID  C STIME TTY          TIME CMD",
                       .print = [](const Entry& entry, uint64_t uptime_ns) {
                         std::printf("%-8s %7u %7u %2u %5s %-8s %8s %s\n", user_of(entry).c_str(),
                                     entry.pid(), entry.ppid(), entry.cpu_percent(),
                                     start_of(entry, uptime_ns).c_str(), terminal_of(entry).c_str(),
                                     cpu_time_of(entry).c_str(), harmless(entry.command()).c_str());
                       }};

// ps -e -x
constexpr Layout kWithState{.title = "    PID TTY      STAT     TIME COMMAND",
                            .print = [](const Entry& entry, uint64_t) {
                              std::printf("%7u %-8s %-4s %8s %s\n", entry.pid(), terminal_of(entry).c_str(),
                                          harmless(entry.state()).c_str(), cpu_time_of(entry).c_str(),
                                          harmless(entry.command()).c_str());
                            }};

class Ps final : public Command {
 public:
  void declare(Options options) override {
    options.choice("-f,--format", format_, {"table", "json"},
                   "table (of the guest) or json (pids of the host; default: table)");
    options.rest(arguments_, "caisson ps [options] CONTAINER [-ef | -e -x]");
  }

  Result<int> run(const Globals& globals) override {
    TRY(check_arguments());
    const ContainerDirectory directory = TRY(globals.state_root().find(arguments_[0]));
    const ContainerState state = TRY(directory.load());
    const bool stopped = state.current_status() == Status::stopped;
    if (format_ == "json") {
      stopped ? std::puts("null") : std::printf("[%d]\n", state.vmm.pid);
      return 0;
    }
    const Layout& layout = this->layout();
    if (stopped) {
      std::puts(layout.title);
      return 0;
    }
    const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
    const auto deadline = agent::deadline_in(kAwakePatience);
    auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
    const auto list = TRY(agent.list_processes(state.id, deadline));
    std::puts(layout.title);
    for (const Entry& entry : list.processes()) layout.print(entry, list.uptime_ns());
    return 0;
  }

 private:
  [[nodiscard]] const Layout& layout() const {
    return std::find(arguments_.begin(), arguments_.end(), "-x") == arguments_.end() ? kFull : kWithState;
  }

  Result<void> check_arguments() const {
    if (arguments_.empty()) {
      return fail(EINVAL, "no container given; usage: caisson ps [options] CONTAINER");
    }
    for (size_t i = 1; i < arguments_.size(); ++i) {
      constexpr std::string_view kKnown[] = {"-ef", "-e", "-f", "-x", "ef"};
      if (std::find(std::begin(kKnown), std::end(kKnown), arguments_[i]) == std::end(kKnown)) {
        return fail(EINVAL, "ps option " + arguments_[i] +
                                ": the guest's processes are shown as ps -ef and ps -e -x do; other "
                                "layouts come from ps inside the container (caisson exec)");
      }
    }
    return {};
  }

  std::string format_ = "table";
  std::vector<std::string> arguments_;
};

}  // namespace

std::unique_ptr<Command> make_ps() {
  return std::make_unique<Ps>();
}

}  // namespace caisson::runtime
