// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/process_entry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "common/unique_fd.h"

namespace caisson::agent {
namespace {

// LIMIT: agent.proto, ListProcessesResponse.Entry.command.
constexpr size_t kMaxBytes = 4096;
constexpr unsigned kTerminalMajor = 136;

Result<std::string> read_some(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(kMaxBytes, '\0');
  const ssize_t n = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (n < 0) {
    return fail_errno("read " + path, ESRCH);
  }
  text.resize(static_cast<size_t>(n));
  return text;
}

std::vector<int64_t> numbers_of(std::string_view text) {
  std::vector<int64_t> numbers;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    int64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    numbers.push_back(value);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return numbers;
}

std::string terminal_name(uint64_t device) {
  if (device == 0) {
    return "?";
  }
  return major(device) == kTerminalMajor ? "pts/" + std::to_string(minor(device))
                                         : "tty" + std::to_string(minor(device));
}

uint64_t not_negative(int64_t value) {
  return value > 0 ? static_cast<uint64_t>(value) : 0;
}

}  // namespace

Result<ProcEntry> parse_proc_stat(std::string_view text, uint64_t ticks_per_second) {
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
      close + 4 > text.size()) {
    return fail(EPROTO, "read process status: malformed");
  }
  // proc(5): after the name come state (3), ppid (4), …; numbers[i] is field i + 4.
  const std::vector<int64_t> numbers = numbers_of(text.substr(close + 4));
  constexpr size_t kFirst = 4;
  if (numbers.size() <= 22 - kFirst) {
    return fail(EPROTO, "read process status: too short");
  }
  const uint64_t tick_ns = 1'000'000'000U / ticks_per_second;
  ProcEntry entry;
  entry.state = text[close + 2];
  entry.ppid = static_cast<pid_t>(numbers[4 - kFirst]);
  entry.tty = terminal_name(not_negative(numbers[7 - kFirst]));
  entry.cpu_time_ns = (not_negative(numbers[14 - kFirst]) + not_negative(numbers[15 - kFirst])) * tick_ns;
  entry.start_time_ns = not_negative(numbers[22 - kFirst]) * tick_ns;
  entry.command = "[" + std::string(text.substr(open + 1, close - open - 1)) + "]";
  return entry;
}

Result<ProcEntry> read_proc_entry(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  ProcEntry entry = TRY(parse_proc_stat(TRY(read_some(directory + "/stat")),
                                        static_cast<uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L))));
  const std::string status = TRY(read_some(directory + "/status"));
  // "Uid:\t<real>\t<effective>…"; ps shows the effective one.
  if (const size_t line = status.find("\nUid:\t"); line != std::string::npos) {
    const size_t effective = status.find('\t', line + 6);
    std::from_chars(status.data() + std::min(effective + 1, status.size()), status.data() + status.size(),
                    entry.uid);
  }
  std::string words = TRY(read_some(directory + "/cmdline"));
  std::replace(words.begin(), words.end(), '\0', ' ');
  while (!words.empty() && words.back() == ' ') {
    words.pop_back();
  }
  if (!words.empty()) {
    entry.command = std::move(words);
  }
  return entry;
}

}  // namespace caisson::agent
