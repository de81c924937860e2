// SPDX-License-Identifier: Apache-2.0
#include "agent/io/process_streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "agent/mounts/mount_fd.h"

namespace caisson::agent {
namespace {

Result<UniqueFd> open_null() {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) {
    return fail_errno("open /dev/null");
  }
  return null;
}

// Mounted nowhere: no path leads from it to anything else.
Result<UniqueFd> empty_directory() {
  const UniqueFd mount = TRY(new_filesystem(
      {.type = "tmpfs", .source = "none", .data = "mode=0555", .flags = MS_RDONLY | MS_NOSUID | MS_NODEV}));
  UniqueFd directory(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return fail_errno("open empty directory");
  }
  return directory;
}

}  // namespace

ProcessStreams::~ProcessStreams() {
  // Output already on its way is delivered by pumps that outlive us; a terminal's input has nowhere to go.
  if (const auto pump = stdin_.lock()) {
    pump->abandon();
  }
}

Result<ProcessStreams::ChildEnds> ProcessStreams::prepare(const Wanted& wanted) {
  ChildEnds child;
  if (wanted.terminal) {
    slot(StreamKind::terminal).expected = true;
    return child;
  }
  for (size_t i = 0; i < child.size(); ++i) {
    if (wanted.elsewhere.at(i)) {
      continue;
    }
    if (i == STDIN_FILENO && wanted.stdin_is_directory) {
      child.at(i) = TRY(empty_directory());
      continue;
    }
    if (!wanted.attached.at(i)) {
      child.at(i) = TRY(open_null());
      continue;
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) {
      return fail_errno("make pipe");
    }
    UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    slots_.at(i).expected = true;
    child.at(i) = std::move(i == 0 ? reader : writer);
    slots_.at(i).end = std::move(i == 0 ? writer : reader);
  }
  return child;
}

void ProcessStreams::set_terminal(UniqueFd master) {
  Slot& terminal = slot(StreamKind::terminal);
  auto copy = duplicate(master);
  master_ = std::move(master);
  if (copy) {
    terminal.end = std::move(*copy);
  }
  if (terminal.connection) {
    (void)connect_terminal();
  }
}

Result<void> ProcessStreams::attach(StreamKind kind, UniqueFd connection) {
  Slot& wanted = slot(kind);
  if (!wanted.expected) {
    return fail(ENOENT, "attach stream: the process has no such stream");
  }
  if (wanted.attached) {
    return fail(EEXIST, "attach stream: it is attached already");
  }
  wanted.attached = true;
  wanted.connection = std::move(connection);
  if (!wanted.end) {
    return {};  // a terminal that is still to come
  }
  return kind == StreamKind::terminal ? connect_terminal() : connect_pipe(kind);
}

Result<void> ProcessStreams::connect_pipe(StreamKind kind) {
  Slot& pipe = slot(kind);
  if (kind != StreamKind::standard_input) {
    const auto output = TRY(Pump::start(loop_, std::move(pipe.end), std::move(pipe.connection), nullptr));
    outputs_.push_back(output);
    if (output_ended_) {
      output->finish();
    }
    return {};
  }
  const auto pump = TRY(Pump::start(loop_, std::move(pipe.connection), std::move(pipe.end), nullptr));
  stdin_ = pump;
  if (pipe.close_requested) {
    pump->finish();
  }
  return {};
}

// Both directions at once, each with descriptors of its own.
Result<void> ProcessStreams::connect_terminal() {
  Slot& terminal = slot(StreamKind::terminal);
  const auto connection = std::make_shared<UniqueFd>(TRY(duplicate(terminal.connection)));
  UniqueFd output_sink = TRY(duplicate(terminal.connection));
  UniqueFd output_source = TRY(duplicate(terminal.end));
  const auto output = TRY(Pump::start(loop_, std::move(output_source), std::move(output_sink),
                                      [connection](Pump::End) { connection->reset(); }));
  terminal_output_ = output;
  outputs_.push_back(output);
  if (output_ended_) {
    output->finish();
  }
  stdin_ = TRY(Pump::start(
      loop_, std::move(terminal.connection), std::move(terminal.end), [this, connection](Pump::End how) {
        // The host's end of file means "no more keys"; its hanging up means what it means on any line.
        if (how == Pump::End::source_ended && *connection && is_peer_gone(connection->get())) {
          hang_up();
        }
      }));
  return {};
}

// The last descriptor of the master gone, the kernel sends SIGHUP.
void ProcessStreams::hang_up() {
  master_.reset();
  if (const auto pump = terminal_output_.lock()) {
    pump->abandon();
  }
}

Result<void> ProcessStreams::close_stdin() {
  Slot& input = slot(StreamKind::standard_input);
  if (!input.expected) {
    return fail(ENOENT, "close stdin: the process has no such stream");
  }
  if (const auto pump = stdin_.lock()) {
    pump->finish();
  } else if (!input.attached) {
    input.close_requested = true;
  }
  return {};
}

void ProcessStreams::end_output() {
  output_ended_ = true;
  for (const auto& output : outputs_) {
    if (const auto pump = output.lock()) {
      pump->finish();
    }
  }
}

Result<void> ProcessStreams::resize(uint32_t rows, uint32_t columns) {
  if (!master_) {
    return fail(ENOTTY, "resize terminal: the process has none");
  }
  winsize window{};
  window.ws_row = static_cast<unsigned short>(std::min(rows, 0xffffU));
  window.ws_col = static_cast<unsigned short>(std::min(columns, 0xffffU));
  if (::ioctl(master_.get(), TIOCSWINSZ, &window) < 0) {
    return fail_errno("resize terminal");
  }
  return {};
}

}  // namespace caisson::agent
