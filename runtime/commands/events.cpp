// SPDX-License-Identifier: Apache-2.0
// caisson events: statistics of a container as its guest counts them, once or at an interval, and its OOM
// kills.
#include <cstdio>

#include "runtime/commands/command.h"
#include "runtime/commands/interval.h"
#include "runtime/commands/stats.h"
#include "runtime/commands/verbs.h"
#include "runtime/lifecycle/statistics.h"

namespace caisson::runtime {
namespace {

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
    const ContainerDirectory directory = TRY(find_running(globals.state_root(), id_));
    if (once_) {
      print(stats_event(id_, TRY(statistics_of(directory))));
      return 0;
    }
    EventWriter writer(id_);
    TRY(follow_statistics(directory, interval, [&writer](const CgroupFiles& files) {
      for (const std::string& line : writer.lines_for(files)) print(line);
    }));
    return 0;
  }

 private:
  std::string id_;
  std::string interval_ = "5s";
  bool once_ = false;
};

}  // namespace

std::unique_ptr<Command> make_events() {
  return std::make_unique<Events>();
}

}  // namespace caisson::runtime
