// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/guest_watch.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <utility>

#include "protocol/agent/agent.pb.h"

namespace caisson::vmm {
namespace {

// LIMIT: how long the loop may wait for the rest of an answer that has begun.
constexpr std::chrono::seconds kHandshakeDeadline{5};

}  // namespace

GuestWatch::GuestWatch(EventLoop& loop, agent::AgentClient client, std::chrono::milliseconds patience,
                       Report report)
    : loop_(loop), client_(std::move(client)), patience_(patience), report_(std::move(report)) {
  loop_.post([this] { ask(); });
}

GuestWatch::~GuestWatch() {
  loop_.run_sync([this] { give_up(); });
}

void GuestWatch::suspend() {
  loop_.post([this] { timer_.cancel(); });
}

void GuestWatch::resume() {
  loop_.post([this] {
    // A question from before the pause is still to be answered, and has all the time it had.
    if (call_) {
      set_timer(patience_, &GuestWatch::miss);
    } else if (answers_) {
      ask();
    }
  });
}

void GuestWatch::ask() {
  auto call = client_.start_handshake(agent::deadline_in(kHandshakeDeadline));
  if (call && !answers_) {
    if (auto watched = loop_.watch(client_.fd(), EPOLLIN, [this](uint32_t) { hear(); })) {
      answers_ = std::move(*watched);
    }
  }
  if (!call || !answers_) {
    give_up();  // the connection is gone: the machine is, or soon will be
    return;
  }
  call_ = *call;
  set_timer(patience_, &GuestWatch::miss);
}

void GuestWatch::hear() {
  // What is readable without a question is the connection's end, or nonsense.
  if (!call_ || !client_.finish_handshake(*call_, agent::deadline_in(kHandshakeDeadline))) {
    give_up();
    return;
  }
  call_.reset();
  if (is_silent_) {
    is_silent_ = false;
    report_(true);
  }
  set_timer(patience_ / 2, &GuestWatch::ask);
}

void GuestWatch::miss() {
  if (!std::exchange(is_silent_, true)) {
    report_(false);
  }
}

void GuestWatch::set_timer(std::chrono::milliseconds delay, void (GuestWatch::*then)()) {
  timer_ = loop_.after(delay, [this, then] { (this->*then)(); });
}

void GuestWatch::give_up() {
  timer_.cancel();
  answers_.reset();
}

}  // namespace caisson::vmm
