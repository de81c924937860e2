// SPDX-License-Identifier: Apache-2.0
#include "agent/process/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

#include "agent/proc/setting.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

ProcessStreams::Wanted wanted_streams(const v1::Process& process) {
  ProcessStreams::Wanted wanted{
      .terminal = process.terminal(),
      .attached = {process.attach_stdin(), process.attach_stdout(), process.attach_stderr()},
      .elsewhere = {false, false, process.stderr_is_stdout()},
      .stdin_is_directory = process.stdin_is_directory()};
  for (const v1::PreservedDescriptor& one : process.standard()) {
    wanted.elsewhere.at(one.number()) = true;  // prepare_standard() has checked it
  }
  return wanted;
}

void plan_end(const PreservedDescriptors::ChildEnd& end, ChildSpec& plan) {
  if (!end.fd) {
    plan.served.push_back(end.file);
  } else if (end.number > STDERR_FILENO) {
    plan.preserved.push_back({.number = end.number, .fd = end.fd.get()});
  } else {
    plan.stdio.at(static_cast<size_t>(end.number)) = end.fd.get();
  }
}

// What a signal means to one that waits for its start: what asks a process to end ends it, and what else
// would kill it does nothing, as with runc's. Left to the kernel it would depend on the process namespace,
// whose first process ignores all but SIGKILL.
int signal_for_who_waits(int number) {
  constexpr std::array kEnding = {SIGHUP,  SIGINT, SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                  SIGKILL, SIGFPE, SIGSEGV, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS};
  if (std::find(kEnding.begin(), kEnding.end(), number) != kEnding.end()) {
    return SIGKILL;
  }
  return number == SIGSTOP || number == SIGCONT ? number : 0;
}

}  // namespace

Process::Process(EventLoop& loop, ProcessSpec order, Outcome settled)
    : order_(std::move(order)),
      waits_for_start_(order_.plan.container != nullptr),
      streams_(loop),
      preserved_(loop),
      outcome_(std::move(settled)) {}

Result<std::shared_ptr<Process>> Process::launch(EventLoop& loop, ProcessSpec order, Outcome settled) {
  std::shared_ptr<Process> process(new Process(loop, std::move(order), std::move(settled)));
  ChildSpec& plan = process->order_.plan;
  const std::vector<PreservedDescriptors::ChildEnd> standard =
      TRY(PreservedDescriptors::prepare_standard(plan.process->standard()));
  const ProcessStreams::ChildEnds ends = TRY(process->streams_.prepare(wanted_streams(*plan.process)));
  for (size_t i = 0; i < ends.size(); ++i) {
    TRY(process->give_to_root(ends.at(i)));
    plan.stdio.at(i) = ends.at(i).get();
  }
  const std::vector<PreservedDescriptors::ChildEnd> preserved =
      TRY(process->preserved_.prepare(plan.process->preserved()));
  for (const auto* made : {&standard, &preserved}) {
    for (const PreservedDescriptors::ChildEnd& end : *made) {
      plan_end(end, plan);
    }
  }
  for (const UniqueFd& bind : process->order_.binds) plan.binds.push_back(bind.get());
  Control::Pair control = TRY(Control::create_pair());
  process->child_ = TRY(clone_child(plan, process->order_.new_namespaces, control.child));
  TRY(process->set_oom_score());
  // All of it was borrowed for the clone; the child has its own.
  plan = ChildSpec{};
  process->order_.binds.clear();
  process->control_.emplace(std::move(control.agent));
  process->control_watch_ = TRY(
      loop.watch(process->control_->fd(), EPOLLIN, [raw = process.get()](uint32_t) { raw->on_control(); }));
  return process;
}

Result<void> Process::give_to_root(const UniqueFd& pipe) const {
  struct stat info {};
  // Already: no container but those with a user namespace of their own asks for more.
  if (order_.root.uid == 0 && order_.root.gid == 0) {
    return {};
  }
  const bool is_pipe = pipe.is_valid() && ::fstat(pipe.get(), &info) == 0 && S_ISFIFO(info.st_mode);
  if (is_pipe && ::fchown(pipe.get(), order_.root.uid, order_.root.gid) < 0) {
    return fail_errno("give stdio to the container's root");
  }
  return {};
}

// From here: the child, in a user namespace, may neither lower it nor even open the file.
Result<void> Process::set_oom_score() const {
  const v1::Process& wanted = *order_.plan.process;
  if (!wanted.has_oom_score_adj()) {
    return {};
  }
  TRY_CONTEXT("set oom score",
              write_proc_setting(pid(), "oom_score_adj", std::to_string(wanted.oom_score_adj())));
  return {};
}

Result<void> Process::start(Outcome running) {
  if (phase_ != Phase::waiting || !control_) {
    return fail(EBUSY, "start container: it is not in the state created");
  }
  TRY(control_->send(ControlKind::go));
  phase_ = Phase::starting;
  outcome_ = std::move(running);
  return {};
}

Result<void> Process::signal(int number) {
  if (exit_) {
    return fail(ESRCH, "signal process: it has ended");
  }
  const int sent = phase_ == Phase::waiting ? signal_for_who_waits(number) : number;
  if (::syscall(SYS_pidfd_send_signal, child_.pidfd.get(), sent, nullptr, 0) < 0) {
    return fail_errno("signal process");
  }
  return {};
}

Result<void> Process::attach(const StreamHello& hello, UniqueFd connection) {
  return hello.kind == StreamKind::preserved ? preserved_.attach(hello.descriptor, std::move(connection))
                                             : streams_.attach(hello.kind, std::move(connection));
}

void Process::on_control() {
  const auto self = shared_from_this();  // an outcome may make the table forget us
  hear_one();
}

bool Process::hear_one() {
  if (!control_) {
    return false;
  }
  auto message = control_->receive();
  if (!message && message.error().code == EAGAIN) {
    return false;
  }
  if (!message || !*message) {
    hear_end();
    return false;
  }
  hear(std::move(**message));
  return true;
}

void Process::hear(ControlMessage message) {
  switch (message.kind) {
    case ControlKind::need_id_maps:
      answer(write_id_maps(pid(), order_.id_maps), ControlKind::id_maps_written);
      break;
    case ControlKind::need_time_offsets:
      answer(write_proc_setting(pid(), "timens_offsets", order_.time_offsets),
             ControlKind::time_offsets_written);
      break;
    case ControlKind::terminal:
      streams_.set_terminal(std::move(message.fd));
      break;
    case ControlKind::ready:
      phase_ = Phase::waiting;
      settle({});
      break;
    case ControlKind::error:
      failed_ = true;
      settle(tl::unexpected(std::move(message.error)));
      break;
    default:
      break;
  }
}

// Failing this, the child reads end of file and gives up.
void Process::answer(Result<void> done, ControlKind kind) {
  if (!done || !control_->send(kind)) {
    failed_ = true;
    settle(std::move(done));
    hear_end();
  }
}

// The child executed its program, or died.
void Process::hear_end() {
  control_watch_.reset();
  control_.reset();
  if (failed_) {
    return;
  }
  const bool executed = phase_ == Phase::starting || (phase_ == Phase::setting_up && !waits_for_start_);
  if (executed) {
    phase_ = Phase::executed;
    settle({});
    return;
  }
  if (phase_ == Phase::waiting) {
    return;  // killed before the start: it has been made, and ends like any other
  }
  failed_ = true;
  settle(fail(ECHILD, "set up process: it died"));
}

void Process::settle(Result<void> outcome) {
  if (const Outcome waiting = std::exchange(outcome_, nullptr)) {
    waiting(std::move(outcome));
  }
}

void Process::note_exit(int wait_status) {
  // LIMIT: a child sends at most one message of each kind.
  for (int i = 0; i < 8 && hear_one(); ++i) {
  }
  if (control_) {
    hear_end();
  }
  preserved_.end_output();
  if (order_.output_ends_with_process) {
    streams_.end_output();
  }
  if (WIFSIGNALED(wait_status)) {
    const auto number = static_cast<uint32_t>(WTERMSIG(wait_status));
    exit_ = ExitStatus{.exit_code = 128 + number, .signal = number};
  } else {
    exit_ = ExitStatus{.exit_code = static_cast<uint32_t>(WEXITSTATUS(wait_status)), .signal = 0};
  }
}

}  // namespace caisson::agent
