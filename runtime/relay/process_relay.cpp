// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/process_relay.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>

#include "common/relay/pump.h"
#include "common/relay/terminal.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

using agent::StreamKind;

constexpr std::chrono::seconds kPatience{30};

enum class Toward { host, host_socket, guest };

// One direction on a thread of its own; `ended`, an eventfd, counts those that have written all.
void copy(int source, int sink, Toward toward, int ended) {
  std::thread([source, sink, toward, ended] {
    const auto end = pump(source, sink);
    if (toward == Toward::guest) {
      end_of_file(sink);
      return;
    }
    if (toward == Toward::host_socket) {
      end_of_file(sink);
    }
    if (!end || *end == PumpEnd::sink_closed) {
      stop_reading(source);
    }
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(ended, &one, sizeof(one));
  }).detach();
}

std::vector<StreamKind> kinds_of(const agent::v1::Process& process) {
  if (process.terminal()) {
    return {StreamKind::terminal};
  }
  std::vector<StreamKind> kinds;
  if (process.attach_stdin()) kinds.push_back(StreamKind::standard_input);
  if (process.attach_stdout()) kinds.push_back(StreamKind::standard_output);
  if (process.attach_stderr()) kinds.push_back(StreamKind::standard_error);
  return kinds;
}

}  // namespace

Result<ProcessRelay> ProcessRelay::start(const std::string& vsock_socket,
                                         agent::v1::CreateProcessRequest request, int terminal) {
  const auto deadline = agent::deadline_in(kPatience);
  ProcessRelay relay(TRY(agent::AgentClient::connect(vsock_socket, deadline)), vsock_socket);
  relay.container_ = request.container();
  relay.process_ = request.token();
  relay.terminal_ = request.process().terminal();
  if (const auto size = window_size(terminal); size && relay.terminal_) {
    request.mutable_process()->mutable_console_size()->set_rows(size->rows);
    request.mutable_process()->mutable_console_size()->set_columns(size->columns);
    relay.size_ = *size;
  }
  TRY(relay.open_streams(request.process(), deadline));
  TRY(relay.agent_.create_process(request, deadline));
  return relay;
}

Result<void> ProcessRelay::open_streams(const agent::v1::Process& process, agent::Deadline deadline) {
  std::vector<agent::StreamHello> hellos;
  for (const StreamKind kind : kinds_of(process)) {
    streams_.push_back({.kind = kind, .socket = {}});
    hellos.push_back({.kind = kind, .process = process_});
  }
  for (const auto& entry : process.preserved()) {
    if (entry.device_minor() == 0 && entry.served_name().empty()) {
      preserved_.push_back({.number = static_cast<int>(entry.number()),
                            .reads = entry.reads(),
                            .writes = entry.writes(),
                            .stream = {}});
      hellos.push_back({.kind = StreamKind::preserved,
                        .descriptor = static_cast<uint16_t>(entry.number()),
                        .process = process_});
    }
  }
  auto opened = TRY(agent::open_streams(vsock_socket_, hellos, deadline));
  auto next = opened.begin();
  for (auto& stream : streams_) {
    stream.socket = std::move(*next++);
  }
  for (auto& preserved : preserved_) {
    preserved.stream = std::move(*next++);
  }
  return {};
}

Result<int> ProcessRelay::attend(RelayEnds ends, const CaughtSignals& signals) {
  std::optional<RawMode> raw;
  if (terminal_) {
    if (::isatty(ends.input) == 1) {
      raw.emplace(TRY(RawMode::enter(ends.input)));
    }
    follow_window_size(ends.input);  // it may have changed since the process was asked for
  }
  // SAFETY: the threads may outlive this call; what they use stays open until the process ends.
  const int ended = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (ended < 0) {
    return fail_errno("make eventfd");
  }
  // Reading a terminal or a pipe cannot be cancelled: the threads that do end with us.
  size_t outputs = 0;
  for (const Stream& stream : streams_) {
    const int socket = stream.socket.get();
    if (stream.kind == StreamKind::standard_input || stream.kind == StreamKind::terminal) {
      copy(ends.input, socket, Toward::guest, ended);
    }
    if (stream.kind != StreamKind::standard_input) {
      copy(socket, stream.kind == StreamKind::standard_error ? ends.error : ends.output, Toward::host, ended);
      ++outputs;
    }
  }
  for (const Preserved& entry : preserved_) {
    if (entry.writes) {
      copy(entry.stream.get(), entry.number, entry.reads ? Toward::host_socket : Toward::host, ended);
      ++outputs;
    }
    if (entry.reads) {
      copy(entry.number, entry.stream.get(), Toward::guest, ended);
    }
  }
  const int code = TRY(wait_for_exit(ends, signals));
  TRY(wait_for_outputs(ended, outputs, signals));
  // SAFETY: threads may still use the descriptors; they stay open until the process ends.
  for (Stream& stream : streams_) {
    (void)stream.socket.release();
  }
  for (Preserved& entry : preserved_) {
    (void)entry.stream.release();
  }
  return code;
}

Result<void> ProcessRelay::wait_for_outputs(int ended, size_t count, const CaughtSignals& signals) const {
  uint64_t done = 0;
  while (done < count) {
    pollfd entries[2] = {{.fd = ended, .events = POLLIN, .revents = 0},
                         {.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) {
      return fail_errno("wait for the end of output");
    }
    uint64_t more = 0;
    if (::read(ended, &more, sizeof(more)) == static_cast<ssize_t>(sizeof(more))) {
      done += more;
    }
    if (signals.next_request_to_end() != 0) {
      return {};
    }
  }
  return {};
}

Result<int> ProcessRelay::wait_for_exit(RelayEnds ends, const CaughtSignals& signals) {
  const uint32_t call = TRY(agent_.start_wait(process_, agent::kNoDeadline));
  while (true) {
    pollfd entries[2] = {{.fd = agent_.fd(), .events = POLLIN, .revents = 0},
                         {.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) {
      return fail_errno("wait for process");
    }
    for (int signal = signals.next(); signal != 0; signal = signals.next()) {
      if (signal == SIGWINCH) {
        follow_window_size(ends.input);
      } else {
        pass_on(signal);
      }
    }
    if (entries[0].revents != 0) {
      const auto exit = agent_.finish_wait(call, agent::kNoDeadline);
      if (!exit) {
        spdlog::debug("wait for process: {}", exit.error().message);
        return 128 + SIGKILL;
      }
      return static_cast<int>(exit->exit_code);
    }
  }
}

void ProcessRelay::follow_window_size(int terminal) {
  const auto size = terminal_ ? window_size(terminal) : Result<WindowSize>(fail(ENOTTY, "no terminal"));
  if (!size || size_ == *size) {
    return;
  }
  size_ = *size;
  const auto deadline = agent::deadline_in(kPatience);
  if (auto client = agent::AgentClient::connect(vsock_socket_, deadline)) {
    (void)client->resize_tty(process_, size->rows, size->columns, deadline);
  }
}

void ProcessRelay::pass_on(int signal) {
  // Not over agent_: its one request under way is the wait.
  const auto deadline = agent::deadline_in(kPatience);
  auto client = agent::AgentClient::connect(vsock_socket_, deadline);
  const auto sent = client ? client->signal_process(container_, process_, signal, deadline)
                           : tl::unexpected(client.error());
  if (!sent && sent.error().code != ESRCH) {
    spdlog::debug("pass on signal {}: {}", signal, sent.error().message);
  }
}

}  // namespace caisson::runtime
