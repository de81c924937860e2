// SPDX-License-Identifier: Apache-2.0
// What a sandbox is asked from outside while it runs: by verbs on its control socket, and by signals.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "common/relay/terminal.h"
#include "vmm/sandbox/sandbox.h"

namespace caisson::vmm {

void Sandbox::let_sleep(ControlSocket::Client client) {
  if (finished_) {
    return;
  }
  if (const auto slept = wakefulness_->let_go(client); !slept) {
    // The container runs no code anyway: the guest keeps it frozen.
    spdlog::warn("container {}: {}", spec_.id, slept.error().message);
  }
}

Result<std::string> Sandbox::on_control(Verb verb, ControlSocket::Client client) {
  switch (verb) {
    case Verb::wake:
      TRY(wakefulness_->wake(client));
      return std::string();
    case Verb::pause:
      TRY(pause());
      return std::string();
    case Verb::resume:
      TRY(resume());
      return std::string();
    case Verb::counters:
      return counters();
    case Verb::stop:
      main_loop_.post(
          [this] { finish({.exit_code = 128 + SIGKILL, .out_of_memory = false, .guest_lost = {}}); });
      return std::string();
  }
  return fail(EINVAL, "unknown verb");
}

Result<void> Sandbox::pause() {
  TRY(wakefulness_->pause());
  if (proc_view_) {
    proc_view_->suspend();
  }
  if (watch_) {
    watch_->suspend();
  }
  clock_->suspend();
  return {};
}

Result<void> Sandbox::resume() {
  TRY(wakefulness_->resume());
  if (proc_view_) {
    proc_view_->resume();
  }
  clock_->resume();
  if (watch_) {
    watch_->resume();
  } else if (ready_ && spec_.hang_seconds > 0) {
    watch_guest();
  }
  return {};
}

std::string Sandbox::counters() const {
  nlohmann::json counters = nlohmann::json::object();
  for (const Machine::Count& count : machine_->counters()) {
    counters[count.name] = count.value;
  }
  return "\"machine\":" + nlohmann::json(machine_name_).dump() + ",\"counters\":" + counters.dump();
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
