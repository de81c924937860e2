// SPDX-License-Identifier: Apache-2.0
// caisson-agent: PID 1 of the guest. Its life is the list in main(); everything after that is an event.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <string_view>

#include "agent/boot/boot.h"
#include "agent/boot/cycles.h"
#include "agent/service/agent.h"

namespace caisson::agent {
namespace {

struct Flag {
  std::string_view name;
  std::string AgentOptions::*value;
};
constexpr Flag kFlags[] = {
    {"--rpc", &AgentOptions::rpc_address},      {"--streams", &AgentOptions::stream_address},
    {"--events", &AgentOptions::event_address}, {"--exports", &AgentOptions::exports},
    {"--run", &AgentOptions::run_directory},    {"--cgroups", &AgentOptions::cgroup_root},
};

// The kernel hands /init whatever it does not know of its command line: unknown words are not for us. Under
// any other name, without a word of where to serve, there is nothing to do: a container that executes
// /proc/self/exe (as a script's interpreter, say) gets a program that ends.
Result<AgentOptions> parse_options(int argc, char** argv) {
  AgentOptions options;
  options.is_guest_init = ::getpid() == 1 && argc > 0 && std::string_view(argv[0]) == "/init";
  bool is_told_where = false;
  for (int i = 1; i + 1 < argc; ++i) {
    for (const Flag& flag : kFlags) {
      if (flag.name == argv[i]) {
        options.*flag.value = argv[++i];
        options.is_guest_init = false;
        is_told_where = true;
        break;
      }
    }
  }
  if (!options.is_guest_init && !is_told_where) {
    return fail(EINVAL, "start agent: neither the guest's /init nor told where to serve");
  }
  return options;
}

// SIGCHLD as a descriptor; SIGPIPE not at all.
Result<UniqueFd> take_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  UniqueFd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) {
    return fail_errno("make signalfd");
  }
  return signals;
}

Result<void> serve(int argc, char** argv, uint64_t tsc_at_start) {
  const AgentOptions options = TRY(parse_options(argc, argv));
  const auto loop = TRY(EventLoop::create());
  const UniqueFd signals = TRY(take_signals());
  const auto agent = TRY(Agent::create(*loop, options));
  agent->announce_ready(tsc_at_start);
  if (options.is_guest_init) {
    if (const auto done = set_up_guest(); !done) {
      agent->events().log(LogLevel::error, "set up guest: " + done.error().message);
      tell_console("set up guest: " + done.error().message);
    }
  }
  const Watch reaping = TRY(loop->watch(signals.get(), EPOLLIN, [&](uint32_t) {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof(info)) > 0) {
    }
    agent->reap();
  }));
  return loop->run();
}

}  // namespace
}  // namespace caisson::agent

int main(int argc, char** argv) {
  const uint64_t tsc_at_start = caisson::agent::cycles();
  caisson::agent::occupy_stdio();
  const auto outcome = caisson::agent::serve(argc, argv, tsc_at_start);
  if (!outcome) {
    caisson::agent::tell_console(outcome.error().message);
  }
  // In the guest this is a kernel panic, which the host reports.
  return 1;
}
