// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/init_process.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

namespace caisson::vmm {
namespace {

// LIMIT: how long the agent may take over one call that ends by itself.
constexpr std::chrono::seconds kCallDeadline{10};

std::string greeting_of(const StdioStream& stream, uint64_t process) {
  const agent::StreamHello hello{.kind = stream.kind, .descriptor = stream.descriptor, .process = process};
  return {reinterpret_cast<const char*>(&hello), sizeof(hello)};
}

void log_refusal(const char* what, const Result<void>& outcome) {
  if (!outcome) {
    spdlog::debug("{}: {}", what, outcome.error().message);
  }
}

}  // namespace

InitProcess::InitProcess(EventLoop& main_loop, EventLoop& agent_loop, vsock::Muxer& muxer, uint64_t process)
    : main_loop_(main_loop), agent_loop_(agent_loop), muxer_(muxer), process_(process) {}

InitProcess::~InitProcess() {
  agent_loop_.run_sync([this] {
    end_watch_.reset();
    waiter_.reset();
  });
}

Result<void> InitProcess::attach(std::vector<StdioStream> stdio,
                                 std::function<void(agent::AgentClient&)> first, EndHandler on_end) {
  on_end_ = std::move(on_end);
  waiter_ = std::make_unique<agent::AgentClient>(TRY(dial(agent::kRpcPort)));
  for (StdioStream& stream : stdio) {
    TRY(open_stream(std::move(stream)));
  }
  agent_loop_.post([this, first = std::move(first)] {
    first(*waiter_);
    wait_on_agent_loop();
  });
  return {};
}

// A connection to a port of the guest whose near end is usable from any thread, at once: what is written
// waits until the guest accepts.
Result<UniqueFd> InitProcess::dial(uint32_t port) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) < 0) {
    return fail_errno("create socket pair for the agent");
  }
  UniqueFd near_end(pair[0]);
  vsock::Muxer::ConnectOptions options;
  // Without a taker of the answer the muxer would write it into the stream, as for a client of its socket. A
  // refusal closes the stream, which whoever reads the near end sees.
  options.on_answer = [](const Result<uint32_t>&) {};
  TRY(muxer_.connect(port, vsock::Stream::socket(UniqueFd(pair[1])), std::move(options)));
  return near_end;
}

Result<void> InitProcess::open_stream(StdioStream stdio) {
  const bool is_output = stdio.stream.has_sink();
  vsock::Muxer::ConnectOptions options;
  options.greeting = greeting_of(stdio, process_);
  options.on_answer = [this, is_output](const Result<uint32_t>& answer) {
    if (answer) {
      return;
    }
    spdlog::warn("open stream of the container's process: {}", answer.error().message);
    if (is_output) {  // a refused stream has no end to wait for
      --open_outputs_;
      settle();
    }
  };
  if (is_output) {
    ++open_outputs_;
    options.on_end = [this, is_our_stderr = stdio.is_our_stderr] {
      if (is_our_stderr) {
        let_go_of_stderr();
      }
      --open_outputs_;
      settle();
    };
  }
  return muxer_.connect(agent::kStreamPort, std::move(stdio.stream), std::move(options));
}

void InitProcess::wait_on_agent_loop() {
  const auto call = waiter_->start_wait(process_, agent::deadline_in(kCallDeadline));
  if (!call) {
    main_loop_.post([this, error = call.error()] {
      exit_ = tl::unexpected(error);
      settle();
    });
    return;
  }
  auto watched = agent_loop_.watch(waiter_->fd(), EPOLLIN, [this, id = *call](uint32_t) { finish_wait(id); });
  if (watched) {
    end_watch_ = std::move(*watched);
  } else {
    main_loop_.post([this, error = watched.error()] {
      exit_ = tl::unexpected(error);
      settle();
    });
  }
}

void InitProcess::finish_wait(uint32_t call) {
  end_watch_.reset();
  auto ended = waiter_->finish_wait(call, agent::deadline_in(kCallDeadline));
  main_loop_.post([this, ended = std::move(ended)] {
    exit_ = ended;
    settle();
  });
}

// The end is told when both are known: how the process ended, and that its output is out.
void InitProcess::settle() {
  if (!exit_ || !on_end_ || (open_outputs_ > 0 && exit_->has_value())) {
    return;
  }
  const EndHandler on_end = std::exchange(on_end_, nullptr);
  on_end(*exit_);
}

// Each by a connection of its own: one that is kept and has failed once would lose all that follow.
void InitProcess::call(std::function<void(agent::AgentClient&)> task) {
  auto client = connect();
  if (!client) {
    spdlog::warn("reach the agent: {}", client.error().message);
    new_size_ = 0;
    return;
  }
  agent_loop_.post([task = std::move(task), made = std::make_shared<agent::AgentClient>(std::move(*client))] {
    task(*made);
  });
}

void InitProcess::signal(std::string container, int number) {
  call([this, container = std::move(container), number](agent::AgentClient& agent) {
    log_refusal("pass signal on",
                agent.signal_process(container, process_, number, agent::deadline_in(kCallDeadline)));
  });
}

void InitProcess::resize(uint16_t rows, uint16_t columns) {
  // A window that is dragged has many sizes, and each call waits for the guest: the last one is told.
  const bool is_queued = new_size_.exchange(uint32_t{rows} << 16 | columns) != 0;
  if (is_queued) {
    return;
  }
  call([this](agent::AgentClient& agent) {
    const uint32_t size = new_size_.exchange(0);
    log_refusal("pass window size on",
                agent.resize_tty(process_, static_cast<uint16_t>(size >> 16), static_cast<uint16_t>(size),
                                 agent::deadline_in(kCallDeadline)));
  });
}

}  // namespace caisson::vmm
