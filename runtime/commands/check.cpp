// SPDX-License-Identifier: Apache-2.0
// caisson check: what this host can do, and why: one finding a line. Exit code 0 when containers can run
// (slowly counts), 1 when they cannot.
#include <cstdio>

#include "runtime/commands/command.h"
#include "runtime/commands/verbs.h"
#include "runtime/launch/host_check.h"

namespace caisson::runtime {
namespace {

void print_finding(const Finding& finding) {
  constexpr const char* kMarks[] = {"ok  ", "note", "BAD "};
  std::printf("%s  %-16s %s\n", kMarks[static_cast<int>(finding.mark)], finding.subject.c_str(),
              finding.text.c_str());
}

class Check final : public Command {
 public:
  void declare(Options) override {}

  Result<int> run(const Globals&) override {
    const HostAbilities host = examine_host(print_finding);
    std::puts(conclusion_of(host).c_str());
    return host.run_containers() ? 0 : 1;
  }
};

}  // namespace

std::unique_ptr<Command> make_check() {
  return std::make_unique<Check>();
}

}  // namespace caisson::runtime
