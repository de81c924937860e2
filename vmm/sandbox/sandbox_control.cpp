// SPDX-License-Identifier: Apache-2.0
// What a sandbox is asked from outside while it runs: by verbs on its control socket, and by signals.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/relay/terminal.h"
#include "vmm/sandbox/sandbox.h"

namespace caisson::vmm {

void Sandbox::on_hang_up(ControlSocket::Client client) {
  if (phase_ == Phase::finished) {
    return;
  }
  fs_->server().files().drop_unopened(client);
  if (const auto slept = wakefulness_->let_go(client); !slept) {
    // The container runs no code anyway: the guest keeps it frozen.
    spdlog::warn("container {}: {}", spec_.id, slept.error().message);
  }
}

// All of them, or none.
Result<void> Sandbox::serve_files(const std::vector<std::string>& names, std::vector<UniqueFd> files,
                                  int giver) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (auto added = fs_->server().add_file(names[i], std::move(files[i]), giver); !added) {
      fs_->server().files().drop_unopened(giver);
      return added;
    }
  }
  return {};
}

Sandbox::Answer Sandbox::answer_of(Verb verb) {
  static constexpr std::pair<Verb, Answer> kAnswers[] = {
      {Verb::serve, &Sandbox::serve},   {Verb::wake, &Sandbox::wake},         {Verb::pause, &Sandbox::pause},
      {Verb::resume, &Sandbox::resume}, {Verb::counters, &Sandbox::counters}, {Verb::stop, &Sandbox::stop}};
  const auto* const found = std::ranges::find(kAnswers, verb, [](const auto& entry) { return entry.first; });
  return found == std::end(kAnswers) ? nullptr : found->second;
}

Result<std::string> Sandbox::on_control(ControlSocket::Request request) {
  const Answer answer = answer_of(request.verb);
  return answer != nullptr ? (this->*answer)(request) : fail(EINVAL, "unknown verb");
}

Result<std::string> Sandbox::serve(ControlSocket::Request& request) {
  TRY(serve_files(request.names, std::move(request.descriptors), request.client));
  return std::string();
}

Result<std::string> Sandbox::wake(ControlSocket::Request& request) {
  TRY(wakefulness_->wake(request.client));
  return std::string();
}

Result<std::string> Sandbox::pause(ControlSocket::Request& /*request*/) {
  TRY(wakefulness_->pause());
  if (proc_view_) {
    proc_view_->suspend();
  }
  silence_->suspend();
  clock_->suspend();
  return std::string();
}

Result<std::string> Sandbox::resume(ControlSocket::Request& /*request*/) {
  TRY(wakefulness_->resume());
  if (proc_view_) {
    proc_view_->resume();
  }
  clock_->resume();
  silence_->resume();
  return std::string();
}

Result<std::string> Sandbox::counters(ControlSocket::Request& /*request*/) {
  nlohmann::json counters = nlohmann::json::object();
  for (const Machine::Count& count : machine_->counters()) {
    counters[count.name] = count.value;
  }
  return "\"machine\":" + nlohmann::json(machine_name_).dump() + ",\"counters\":" + counters.dump();
}

// Later: who asks is to have his answer before the end.
Result<std::string> Sandbox::stop(ControlSocket::Request& /*request*/) {
  main_loop_.post([this] { finish({.exit_code = 128 + SIGKILL, .out_of_memory = false, .guest_lost = {}}); });
  return std::string();
}

void Sandbox::on_signal(int number) {
  if (number == SIGWINCH) {
    const auto size = window_size(STDIN_FILENO);
    if (init_ && size) {
      init_->resize(size->rows, size->columns);
    }
  } else if (init_) {
    init_->signal(spec_.id, number);
  } else if (number == SIGTERM || number == SIGINT || number == SIGQUIT || number == SIGHUP) {
    status_.report_failure({.code = EINTR, .message = "boot guest: interrupted by signal"});
    finish({.exit_code = 128 + number, .out_of_memory = false, .guest_lost = {}});
  }
}

}  // namespace caisson::vmm
