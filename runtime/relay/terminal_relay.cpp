// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/terminal_relay.h"

#include <unistd.h>

#include <optional>
#include <thread>

#include "common/relay/pump.h"
#include "common/relay/terminal.h"

namespace caisson::runtime {

struct TerminalRelay::Threads {
  UniqueFd master;
  std::optional<RawMode> raw;
  std::thread output;
};

TerminalRelay::TerminalRelay(std::unique_ptr<Threads> threads) : threads_(std::move(threads)) {}
TerminalRelay::TerminalRelay(TerminalRelay&&) noexcept = default;
TerminalRelay::~TerminalRelay() {
  if (threads_ && threads_->output.joinable()) {
    finish();
  }
}

Result<TerminalRelay> TerminalRelay::start(UniqueFd master) {
  auto threads = std::make_unique<Threads>();
  threads->master = std::move(master);
  if (::isatty(STDIN_FILENO) == 1) {
    threads->raw.emplace(TRY(RawMode::enter(STDIN_FILENO)));
  }
  // The slave's last descriptor closes with caisson-vmm: the master then reads EIO, and this thread ends.
  threads->output =
      std::thread([master_fd = threads->master.get()] { (void)pump(master_fd, STDOUT_FILENO); });
  // Reading a terminal cannot be cancelled: this one ends with the process.
  std::thread([master_fd = threads->master.get()] { (void)pump(STDIN_FILENO, master_fd); }).detach();
  TerminalRelay relay(std::move(threads));
  relay.follow_window_size();
  return relay;
}

void TerminalRelay::follow_window_size() {
  if (const auto size = window_size(STDIN_FILENO)) {
    (void)set_window_size(threads_->master.get(), *size);
  }
}

void TerminalRelay::finish() {
  threads_->output.join();
  threads_->raw.reset();
  // SAFETY: the input thread may still hold the descriptor's number; it is left open until the process ends.
  (void)threads_->master.release();
}

}  // namespace caisson::runtime
