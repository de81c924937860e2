// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/streams.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "vmm/qemu/inheritance.h"

namespace caisson::vmm {
namespace {

constexpr size_t kConsoleTailBytes = 16384;   // LIMIT: Machine::console_tail() promises no more
constexpr size_t kComplaintTailBytes = 4096;  // LIMIT: QEMU's errors are a line or two
constexpr size_t kDetailBytes = 2048;         // LIMIT: what of either goes into a message

// Reads what is there into `sink`. LIMIT: 64 KiB a call, so that a guest that floods its console starves
// nobody.
template <typename Sink>
bool drain(int fd, Sink sink) {
  std::array<char, 4096> buffer{};
  for (int round = 0; round < 16; ++round) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count > 0) {
      sink(std::span<const char>(buffer.data(), static_cast<size_t>(count)));
      continue;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  }
  return true;
}

}  // namespace

QemuStreams::QemuStreams(ConsoleLines::Handler on_console_line)
    : console_tail_(kConsoleTailBytes),
      console_lines_(std::move(on_console_line)),
      complaint_tail_(kComplaintTailBytes) {}

Result<QemuStreams::Ends> QemuStreams::open() {
  SocketPair console = TRY(make_socket_pair());
  SocketPair monitor = TRY(make_socket_pair());
  SocketPair complaints = TRY(make_socket_pair());
  // Waits in the socket until QEMU reads it.
  if (::write(monitor.ours.get(), kQmpNegotiate.data(), kQmpNegotiate.size()) < 0) {
    return fail_errno("write to QEMU's monitor");
  }
  console_.fd = std::move(console.ours);
  monitor_.fd = std::move(monitor.ours);
  complaints_.fd = std::move(complaints.ours);
  return Ends{.console = std::move(console.theirs),
              .monitor = std::move(monitor.theirs),
              .complaints = std::move(complaints.theirs)};
}

Result<void> QemuStreams::watch(EventLoop& loop, Handlers handlers) {
  handlers_ = std::move(handlers);
  TRY(watch_one(loop, console_, &QemuStreams::read_console));
  TRY(watch_one(loop, monitor_, &QemuStreams::read_monitor));
  return watch_one(loop, complaints_, &QemuStreams::read_complaints);
}

Result<void> QemuStreams::watch_one(EventLoop& loop, Watched& stream, void (QemuStreams::*on_readable)()) {
  stream.watch =
      TRY(loop.watch(stream.fd.get(), EPOLLIN, [this, on_readable](uint32_t) { (this->*on_readable)(); }));
  return {};
}

void QemuStreams::unwatch() {
  for (Watched* stream : {&console_, &monitor_, &complaints_}) {
    stream->watch.reset();
  }
}

void QemuStreams::read_rest() {
  read_console();
  read_complaints();
  read_monitor();
}

void QemuStreams::read_console() {
  if (!drain(console_.fd.get(), [this](std::span<const char> bytes) {
        console_tail_.append(bytes);
        console_lines_.append(bytes);
      })) {
    console_.watch.reset();
  }
}

void QemuStreams::read_complaints() {
  if (!drain(complaints_.fd.get(), [this](std::span<const char> bytes) { complaint_tail_.append(bytes); })) {
    complaints_.watch.reset();
  }
}

void QemuStreams::read_monitor() {
  const bool open = drain(monitor_.fd.get(), [this](std::span<const char> bytes) {
    const Result<std::vector<QmpEvent>> events = qmp_.feed(bytes);
    if (!events) {
      handlers_.on_breach(events.error());
      return;
    }
    std::ranges::for_each(*events, handlers_.on_event);
  });
  if (!open) {
    monitor_.watch.reset();
  }
}

std::string QemuStreams::console_end() const {
  return last_lines(console_tail_.text(), kDetailBytes);
}

std::string QemuStreams::complaint() const {
  return last_lines(complaint_tail_.text(), kDetailBytes);
}

}  // namespace caisson::vmm
