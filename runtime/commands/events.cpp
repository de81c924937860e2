// SPDX-License-Identifier: Apache-2.0
// caisson events: statistics of a container as its guest counts them, once or at an interval, and its OOM
// kills.
#include <charconv>
#include <cstdio>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/agent_client.h"
#include "runtime/commands/command.h"
#include "runtime/commands/stats.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/control.h"

namespace caisson::runtime {
namespace {

// As Go writes durations: a number and a unit, "5s", "500ms", "1m".
Result<std::chrono::milliseconds> parse_interval(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const int64_t factor = unit == "ms"  ? 1
                         : unit == "s" ? 1000
                         : unit == "m" ? 60'000
                         : unit == "h" ? 3'600'000
                                       : 0;
  constexpr int64_t kLongest = 1'000'000;
  if (error != std::errc() || factor == 0 || number <= 0 || number > kLongest) {
    return fail(EINVAL, "duration interval must be greater than 0, such as 500ms, 5s or 1m");
  }
  return std::chrono::milliseconds(number * factor);
}

Result<CgroupFiles> read_files(const ContainerDirectory& directory, const ContainerState& state) {
  const AwakeGuest awake = TRY(AwakeGuest::of(directory, state));
  const auto deadline = agent::deadline_in(kAwakePatience);
  auto agent = TRY(agent::AgentClient::connect(directory.vsock_socket(), deadline));
  const auto stats = TRY(agent.container_stats(state.id, deadline));
  return CgroupFiles(stats.files().begin(), stats.files().end());
}

void print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

class Events final : public Command {
 public:
  void declare(Options options) override {
    options.id(id_);
    options.text("--interval", interval_, "Time between statistics, such as 500ms or 1m (default: 5s)");
    options.flag("--stats", once_, "Print the statistics once");
  }

  Result<int> run(const Globals& globals) override {
    const auto interval = TRY(parse_interval(interval_));
    const ContainerDirectory directory = TRY(globals.state_root().find(id_));
    const ContainerState state = TRY(directory.load());
    if (state.current_status() == Status::stopped) {
      return fail(ESRCH, "container with id " + id_ + " is not running");
    }
    if (once_) {
      print(stats_event(id_, TRY(read_files(directory, state))));
      return 0;
    }
    return follow(directory, interval);
  }

 private:
  // Until the container ends: its end is what is waited for, the interval is what the caller asked for.
  Result<int> follow(const ContainerDirectory& directory, std::chrono::milliseconds interval) {
    const UniqueFd process = TRY(open_process(TRY(directory.load()).vmm));
    uint64_t oom_kills = 0;
    while (!TRY(wait_for_end(process, std::chrono::steady_clock::now() + interval))) {
      const auto state = directory.load();
      const auto files = state ? read_files(directory, *state) : Result<CgroupFiles>(fail(ENOENT, "gone"));
      if (!files) {
        continue;  // it is ending: the next wait tells
      }
      const auto memory_events = files->find("memory.events");
      const uint64_t kills =
          memory_events == files->end() ? 0 : flat_value(memory_events->second, "oom_kill");
      if (kills > oom_kills) {
        print("{\"type\":\"oom\",\"id\":\"" + id_ + "\"}");
        oom_kills = kills;
      }
      print(stats_event(id_, *files));
    }
    return 0;
  }

  std::string id_;
  std::string interval_ = "5s";
  bool once_ = false;
};

}  // namespace

std::unique_ptr<Command> make_events() {
  return std::make_unique<Events>();
}

}  // namespace caisson::runtime
