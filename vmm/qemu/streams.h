// SPDX-License-Identifier: Apache-2.0
// What QEMU says, by three sockets: the guest's console, events of its monitor (QMP), and its own complaints.
// Read on the main loop as it comes; kept by its end alone, however much it is. Everything read is the
// guest's, or that of a QEMU it may have taken.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/machine/console_lines.h"
#include "vmm/machine/text_tail.h"
#include "vmm/qemu/qmp.h"

namespace caisson::vmm {

class QemuStreams {
 public:
  // QEMU's: to be inherited by it.
  struct Ends {
    UniqueFd console;
    UniqueFd monitor;
    UniqueFd complaints;
  };
  struct Handlers {
    std::function<void(const QmpEvent& event)> on_event;
    // What came by the monitor is no QMP.
    std::function<void(const Error& error)> on_breach;
  };

  // Of each whole line of the console.
  explicit QemuStreams(ConsoleLines::Handler on_console_line);
  QemuStreams(const QemuStreams&) = delete;
  QemuStreams& operator=(const QemuStreams&) = delete;
  ~QemuStreams() = default;

  // Opens the three, and greets the monitor, which reads it when it runs.
  Result<Ends> open();
  // Until unwatch(). Once open.
  Result<void> watch(EventLoop& loop, Handlers handlers);
  void unwatch();
  // What is there and not read yet: QEMU has ended.
  void read_rest();
  void read_console();

  // As Machine::console_tail() has it; the last lines of it; the last lines of what QEMU complained of.
  [[nodiscard]] std::string console_tail() const { return console_tail_.text(); }
  [[nodiscard]] std::string console_end() const;
  [[nodiscard]] std::string complaint() const;

 private:
  // One of them: read until it ends.
  struct Watched {
    UniqueFd fd;
    Watch watch;
  };

  void read_monitor();
  void read_complaints();
  Result<void> watch_one(EventLoop& loop, Watched& stream, void (QemuStreams::*on_readable)());

  Handlers handlers_;
  Watched console_;
  Watched monitor_;
  Watched complaints_;
  QmpReader qmp_;
  TextTail console_tail_;
  ConsoleLines console_lines_;
  TextTail complaint_tail_;
};

}  // namespace caisson::vmm
