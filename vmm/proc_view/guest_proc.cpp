// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/guest_proc.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <utility>

#include "protocol/agent/agent.pb.h"
#include "vmm/fuse/wire.h"

namespace caisson::vmm {

using fuse::refuse;

namespace {

// LIMIT: readers that wait; each holds a thread of the host.
constexpr size_t kMaxQuestions = 256;
// How old an answer may be that is given again, or the lack of one: the kernel asks a second time for a name
// it could not confirm. It may trust a name for as long (server.cpp).
constexpr std::chrono::seconds kFreshness{1};

// What the reader is told. All else is between us and the agent.
int told(int code) {
  switch (code) {
    case ESRCH:
      return ENOENT;
    case ETIMEDOUT:
    case EAGAIN:
      return code;
    default:
      return EIO;
  }
}

}  // namespace

GuestProc::GuestProc(EventLoop& loop, std::string container, Connect connect,
                     std::chrono::milliseconds patience)
    : loop_(loop), container_(std::move(container)), connect_(std::move(connect)), patience_(patience) {}

GuestProc::~GuestProc() {
  hang_up();
}

void GuestProc::ask(uint32_t pid, Done done) {
  if (is_suspended_ || questions_.size() >= kMaxQuestions) {
    done(refuse(EAGAIN));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - silence_time_ < kFreshness) {
    done(refuse(ETIMEDOUT));
    return;
  }
  if (recent_ && recent_pid_ == pid && now - recent_time_ < kFreshness) {
    done(recent_);
    return;
  }
  questions_.push_back({.pid = pid, .done = std::move(done)});
  if (questions_.size() == 1) {
    next();
  }
}

void GuestProc::next() {
  if (call_ || questions_.empty()) {
    return;
  }
  set_timer();
  if (!client_) {
    if (!std::exchange(is_connecting_, true)) {
      connect_();
    }
    return;
  }
  if (const auto started = start(questions_.front().pid); !started) {
    spdlog::debug("ask for the container's processes: {}", started.error().message);
    hang_up();
    give_up(EIO);
  }
}

void GuestProc::take(Result<agent::AgentClient> client) {
  is_connecting_ = false;
  if (client) {
    client_.emplace(std::move(*client));
    if (auto watched = loop_.watch(client_->fd(), EPOLLIN, [this](uint32_t) { hear(); })) {
      answers_ = std::move(*watched);
      next();
      return;
    }
    client_.reset();
  }
  give_up(client ? EIO : client.error().code);
}

Result<void> GuestProc::start(uint32_t pid) {
  // One small request at a time: the socket has room for it.
  call_ = TRY(client_->start_read_proc(container_, pid, agent::deadline_in(patience_)));
  return {};
}

void GuestProc::hear() {
  if (!call_) {
    hang_up();  // the connection's end, or nonsense: nothing was asked
    return;
  }
  auto response = client_->finish_read_proc(*call_, agent::deadline_in(std::chrono::seconds(0)));
  if (!response && response.error().code == ETIMEDOUT) {
    return;  // there is more to come
  }
  call_.reset();
  if (!response) {
    spdlog::debug("ask for the container's processes: {}", response.error().message);
    if (response.error().code != ESRCH) {
      hang_up();
    }
    answer(refuse(told(response.error().code)));
    return;
  }
  auto checked = check_proc(questions_.front().pid, *response);
  if (!checked) {
    spdlog::debug("{}", checked.error().message);
    answer(refuse(EIO));
    return;
  }
  recent_ = std::make_shared<const ProcDirectory>(std::move(*checked));
  recent_pid_ = questions_.front().pid;
  recent_time_ = std::chrono::steady_clock::now();
  answer(recent_);
}

void GuestProc::answer(const ProcAnswer& answer) {
  timer_.cancel();
  const Question question = std::move(questions_.front());
  questions_.pop_front();
  question.done(answer);
  next();
}

// Of everybody: who stands in line would wait as long again for the same.
void GuestProc::give_up(int code) {
  timer_.cancel();
  for (const Question& question : std::exchange(questions_, {})) {
    question.done(refuse(told(code)));
  }
}

void GuestProc::suspend() {
  is_suspended_ = true;
  hang_up();
  give_up(EAGAIN);
}

// An answer that is still to come goes with the connection.
void GuestProc::hang_up() {
  timer_.cancel();
  answers_.reset();
  client_.reset();
  call_.reset();
}

void GuestProc::set_timer() {
  timer_ = loop_.after(patience_, [this] {
    spdlog::debug("ask for the container's processes: no answer in time");
    silence_time_ = std::chrono::steady_clock::now();
    hang_up();
    give_up(ETIMEDOUT);
  });
}

}  // namespace caisson::vmm
