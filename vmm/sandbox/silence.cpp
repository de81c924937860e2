// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/silence.h"

#include <spdlog/spdlog.h>

#include "vmm/sandbox/outputs.h"

namespace caisson::vmm {

// The watch goes while the scope is there, which the agent's loop may still post with.
Silence::~Silence() {
  watch_.reset();
}

void Silence::begin() {
  if (place_.patience.count() == 0) {
    return;
  }
  has_begun_ = true;
  start_ = place_.main_loop->after(place_.patience / 2, [this] { watch(); });
}

void Silence::suspend() {
  is_suspended_ = true;
  if (watch_) {
    watch_->suspend();
  }
}

void Silence::resume() {
  is_suspended_ = false;
  if (watch_) {
    watch_->resume();
  } else if (has_begun_) {
    watch();
  }
}

void Silence::watch() {
  if (is_suspended_ || watch_) {
    return;
  }
  auto client = place_.connect();
  if (!client) {
    spdlog::warn("watch whether the guest answers: {}", client.error().message);
    return;
  }
  watch_ = std::make_unique<GuestWatch>(
      *place_.agent_loop, std::move(*client), place_.patience,
      [this](bool answers) { place_.main_loop->post(scope_, [this, answers] { tell(answers); }); });
}

void Silence::tell(bool answers) {
  const std::string text =
      answers ? std::string()
              : fmt::format("has not answered for {} s: it hangs, or the host is overloaded",
                            std::chrono::duration_cast<std::chrono::seconds>(place_.patience).count());
  // Before the log: who reads of it there finds it in the state.
  if (const auto written = write_silence(place_.outputs, text); !written) {
    spdlog::warn("container {}: {}", place_.container, written.error().message);
  }
  if (answers) {
    place_.log->say(spdlog::level::warn,
                    fmt::format("container {}: the guest answers again", place_.container));
  } else {
    place_.log->say(spdlog::level::err, fmt::format("container {}: the guest {}", place_.container, text));
  }
}

}  // namespace caisson::vmm
