// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/process_relay.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <optional>
#include <thread>

#include "agent/proto/agent.pb.h"
#include "common/relay/pump.h"
#include "common/relay/terminal.h"

namespace caisson::runtime {
namespace {

using agent::StreamKind;

constexpr std::chrono::seconds kPatience{30};
// A process that has ended may have left children that hold its output open; as under docker, their words are
// waited for only so long.
constexpr std::chrono::seconds kDrainPatience{5};

// One direction on a thread of its own; the future is ready when all has been written.
std::future<void> copy(int source, int sink, bool sink_is_stream) {
  std::promise<void> done;
  std::future<void> future = done.get_future();
  std::thread([source, sink, sink_is_stream, done = std::move(done)]() mutable {
    const auto end = pump(source, sink);
    if (sink_is_stream) {
      end_of_file(sink);
    } else if (end && *end == PumpEnd::sink_closed) {
      stop_reading(source);
    }
    done.set_value();
  }).detach();
  return future;
}

}  // namespace

Result<ProcessRelay> ProcessRelay::start(const std::string& vsock_socket,
                                         const agent::v1::CreateProcessRequest& request) {
  const auto deadline = agent::deadline_in(kPatience);
  ProcessRelay relay(TRY(agent::AgentClient::connect(vsock_socket, deadline)), vsock_socket);
  relay.container_ = request.container();
  relay.process_ = request.token();
  relay.terminal_ = request.process().terminal();
  const std::vector<StreamKind> kinds =
      relay.terminal_
          ? std::vector{StreamKind::terminal}
          : std::vector{StreamKind::standard_input, StreamKind::standard_output, StreamKind::standard_error};
  for (const StreamKind kind : kinds) {
    relay.streams_.push_back(
        TRY(agent::open_stream(vsock_socket, {.kind = kind, .process = relay.process_}, deadline)));
  }
  for (const auto& entry : request.process().inherited()) {
    if (entry.device_minor() == 0) {
      relay.inherited_.push_back(
          {.number = static_cast<int>(entry.number()),
           .reads = entry.reads(),
           .writes = entry.writes(),
           .stream = TRY(agent::open_stream(vsock_socket,
                                            {.kind = StreamKind::inherited,
                                             .descriptor = static_cast<uint16_t>(entry.number()),
                                             .process = relay.process_},
                                            deadline))});
    }
  }
  TRY(relay.agent_.create_process(request, deadline));
  return relay;
}

Result<int> ProcessRelay::attend(RelayEnds ends, const CaughtSignals& signals) {
  std::optional<RawMode> raw;
  std::vector<std::future<void>> outputs;
  if (terminal_) {
    if (::isatty(ends.input) == 1) {
      raw.emplace(TRY(RawMode::enter(ends.input)));
    }
    follow_window_size(ends.input);
    outputs.push_back(copy(streams_[0].get(), ends.output, false));
  } else {
    outputs.push_back(copy(streams_[1].get(), ends.output, false));
    outputs.push_back(copy(streams_[2].get(), ends.error, false));
  }
  for (const Inherited& entry : inherited_) {
    if (entry.writes) {
      outputs.push_back(copy(entry.stream.get(), entry.number, entry.reads));
    }
    if (entry.reads) {
      (void)copy(entry.number, entry.stream.get(), true);
    }
  }
  // Reading a terminal or a pipe cannot be cancelled: this thread ends with us.
  (void)copy(ends.input, streams_[0].get(), true);

  const int code = TRY(wait_for_exit(ends, signals));
  const auto deadline = std::chrono::steady_clock::now() + kDrainPatience;
  for (std::future<void>& output : outputs) {
    output.wait_until(deadline);
  }
  // SAFETY: threads may still use the descriptors; they stay open until the process ends.
  for (UniqueFd& stream : streams_) {
    (void)stream.release();
  }
  for (Inherited& entry : inherited_) {
    (void)entry.stream.release();
  }
  return code;
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
  if (!size) {
    return;
  }
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
