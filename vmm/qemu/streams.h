// SPDX-License-Identifier: Apache-2.0
// QEMU's output, by three sockets: the guest's console, events of QEMU's monitor (QMP), and QEMU's own
// messages. It is read on the main loop as it comes. Only its end is kept, however much it is. All of it is
// hostile: the guest's, or that of a QEMU that the guest may have taken.
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
  // QEMU's ends, for QEMU to inherit.
  struct Ends {
    UniqueFd console;
    UniqueFd monitor;
    UniqueFd complaints;
  };
  struct Handlers {
    std::function<void(const QmpEvent& event)> on_event;
    // The monitor's bytes are no QMP.
    std::function<void(const Error& error)> on_breach;
  };

  // Called for each whole line of the console.
  explicit QemuStreams(ConsoleLines::Handler on_console_line);
  QemuStreams(const QemuStreams&) = delete;
  QemuStreams& operator=(const QemuStreams&) = delete;
  ~QemuStreams() = default;

  // Opens the three, and sends the monitor a greeting that it reads once it runs.
  Result<Ends> open();
  // Watches until unwatch(). Call it once they are open.
  Result<void> watch(EventLoop& loop, Handlers handlers);
  void unwatch();
  // Reads what is left: QEMU has ended.
  void read_rest();
  void read_console();

  // The console's end, as Machine::console_tail() has it; its last lines; the last lines of QEMU's messages.
  [[nodiscard]] std::string console_tail() const { return console_tail_.text(); }
  [[nodiscard]] std::string console_end() const;
  [[nodiscard]] std::string complaint() const;

 private:
  // One of the three: read until it ends.
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
