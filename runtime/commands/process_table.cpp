// SPDX-License-Identifier: Apache-2.0
#include "runtime/commands/process_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "common/harmless.h"
#include "runtime/commands/state_json.h"

namespace caisson::runtime {
namespace {

using Entry = agent::v1::ListProcessesResponse::Entry;

constexpr uint64_t kNanoseconds = 1'000'000'000;

std::string start_of(const Entry& entry, GuestTime time) {
  const auto age =
      static_cast<time_t>((time.uptime_ns - std::min(time.uptime_ns, entry.start_time_ns())) / kNanoseconds);
  const time_t started = time.now - age;
  tm calendar{};
  ::localtime_r(&started, &calendar);
  std::array<char, 16> text{};
  constexpr time_t kDay = 24L * 60 * 60;
  std::strftime(text.data(), text.size(), age < kDay ? "%H:%M" : "%b%d", &calendar);
  return text.data();
}

std::string cpu_time_of(const Entry& entry) {
  const uint64_t seconds = entry.cpu_time_ns() / kNanoseconds;
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 100000, seconds / 60 % 60, seconds % 60);
}

std::string terminal_of(const Entry& entry) {
  return entry.tty().empty() ? "?" : harmless(entry.tty());
}

// As ps has it: a number where the host knows no name.
std::string user_of(const Entry& entry) {
  const std::string name = owner_name(entry.uid());
  return name.starts_with('#') ? name.substr(1) : name;
}

}  // namespace

Result<ProcessLayout> process_layout(std::span<const std::string> ps_options) {
  constexpr std::string_view kKnown[] = {"-ef", "-e", "-f", "-x", "ef"};
  for (const std::string& option : ps_options) {
    if (std::find(std::begin(kKnown), std::end(kKnown), option) == std::end(kKnown)) {
      return fail(EINVAL, "ps option " + option +
                              ": the guest's processes are shown as ps -ef and ps -e -x do; other "
                              "layouts come from ps inside the container (caisson exec)");
    }
  }
  return std::find(ps_options.begin(), ps_options.end(), "-x") == ps_options.end()
             ? ProcessLayout::full
             : ProcessLayout::with_state;
}

std::string title_of(ProcessLayout layout) {
  return layout == ProcessLayout::full ? "UID          PID    PPID  C STIME TTY          TIME CMD"
                                       : "    PID TTY      STAT     TIME COMMAND";
}

std::string row_of(const Entry& entry, GuestTime time, ProcessLayout layout) {
  if (layout == ProcessLayout::full) {
    return fmt::format("{:<8} {:>7} {:>7} {:>2} {:>5} {:<8} {:>8} {}", user_of(entry), entry.pid(),
                       entry.ppid(), entry.cpu_percent(), start_of(entry, time), terminal_of(entry),
                       cpu_time_of(entry), harmless(entry.command()));
  }
  return fmt::format("{:>7} {:<8} {:<4} {:>8} {}", entry.pid(), terminal_of(entry), harmless(entry.state()),
                     cpu_time_of(entry), harmless(entry.command()));
}

}  // namespace caisson::runtime
