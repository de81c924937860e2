// SPDX-License-Identifier: Apache-2.0
#include "vmm/proc_view/texts.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/limits.h"

namespace caisson::vmm {
namespace {

using agent::kMaxPids;
using agent::kMaxStatBytes;

// proc(5): fields after the name and the state; Linux 2.6 had 38 of them, 6.12 has 49.
constexpr size_t kFewestNumbers = 38;

tl::unexpected<Error> malformed(const char* what) {
  return fail(EPROTO, std::string("read a process's ") + what + " from the agent: malformed");
}

bool is_state(char c) {
  return std::string_view("RSDTtZXxKWPI").find(c) != std::string_view::npos;
}

// A name is the container's; UTF-8 passes.
std::string harmless(std::string_view words) {
  std::string text(words);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; }, '?');
  return text;
}

// Decimal, and within 64 bits of either kind.
bool is_number(std::string_view word) {
  const char* const end = word.data() + word.size();
  uint64_t natural = 0;
  int64_t whole = 0;
  const auto first = std::from_chars(word.data(), end, natural);
  const auto second = std::from_chars(word.data(), end, whole);
  return (first.ec == std::errc() && first.ptr == end) || (second.ec == std::errc() && second.ptr == end);
}

// The next word, blanks before it skipped; empty at the end.
std::string_view take_word(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

// How many numbers there are. None: something else is there.
std::optional<size_t> count_numbers(std::string_view text) {
  size_t count = 0;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    if (!is_number(word)) {
      return std::nullopt;
    }
    ++count;
  }
  return count;
}

// Lines that readers index into.
struct NumberLine {
  std::string_view key;
  size_t numbers;
};
constexpr std::array<NumberLine, 5> kNumberLines = {
    {{"Tgid", 1}, {"Pid", 1}, {"PPid", 1}, {"Uid", 4}, {"Gid", 4}}};

// `seen` counts the lines of kNumberLines.
bool is_good_line(uint32_t pid, std::string_view key, std::string_view value,
                  std::array<size_t, kNumberLines.size()>& seen) {
  // What parts a line by blanks must find the key by itself, and where it stands.
  const bool is_plain = std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  });
  if (!is_plain || !value.starts_with('\t')) {
    return false;
  }
  for (size_t i = 0; i < kNumberLines.size(); ++i) {
    if (kNumberLines[i].key == key) {
      ++seen[i];
      if (count_numbers(value) != kNumberLines[i].numbers) {
        return false;
      }
    }
  }
  if (key == "Pid" || key == "Tgid") {
    return take_word(value) == std::to_string(pid);
  }
  if (key == "State") {
    const std::string_view word = take_word(value);
    return word.size() == 1 && is_state(word[0]);
  }
  return true;
}

// In seconds since 1970, by our clock: readers add a process's age to it, and compare with ours.
std::string boot_time(uint64_t uptime_ns) {
  constexpr uint64_t kSecond = 1'000'000'000;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = static_cast<uint64_t>(now.tv_sec);
  // Never later than it was, or a young process would not have started yet.
  return "btime " + std::to_string(seconds - std::min(seconds, uptime_ns / kSecond + 1)) + "\n";
}

}  // namespace

Result<std::string> check_stat(uint32_t pid, std::string_view text) {
  if (text.size() > kMaxStatBytes) {
    return fail(EMSGSIZE, "read a process's stat from the agent: over the limit of 1 KiB");
  }
  const size_t close = text.rfind(')');
  const std::string start = std::to_string(pid) + " (";
  if (!text.starts_with(start) || close == std::string_view::npos || close < start.size() ||
      !text.ends_with('\n')) {
    return malformed("stat");
  }
  std::string_view rest = text.substr(close + 1, text.size() - close - 2);
  const std::string numbers(rest);
  const std::string_view state = take_word(rest);
  if (state.size() != 1 || !is_state(state[0]) || count_numbers(rest).value_or(0) < kFewestNumbers) {
    return malformed("stat");
  }
  return start + harmless(text.substr(start.size(), close - start.size())) + ")" + numbers + "\n";
}

Result<std::string> check_status(uint32_t pid, std::string_view text) {
  if (text.size() > kMaxFileBytes) {
    return fail(EMSGSIZE, "read a process's status from the agent: over the limit of 64 KiB");
  }
  if (!text.starts_with("Name:\t") || !text.ends_with('\n')) {
    return malformed("status");
  }
  std::array<size_t, kNumberLines.size()> seen{};
  std::string checked;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        !is_good_line(pid, line.substr(0, colon), line.substr(colon + 1), seen)) {
      return malformed("status");
    }
    checked += harmless(line) + "\n";
  }
  if (std::any_of(seen.begin(), seen.end(), [](size_t count) { return count != 1; })) {
    return malformed("status");
  }
  return checked;
}

Result<ProcDirectory> check_proc(uint32_t pid, const agent::v1::ReadProcResponse& response) {
  ProcDirectory checked;
  if (pid == 0) {
    if (response.pids_size() > kMaxPids) {
      return fail(EMSGSIZE, "list processes by the agent: over the limit of 65536");
    }
    if (std::any_of(response.pids().begin(), response.pids().end(),
                    [](uint32_t one) { return one == 0 || one > kMaxPid; })) {
      return malformed("pid");
    }
    checked.pids.assign(response.pids().begin(), response.pids().end());
    checked.stat = boot_time(response.uptime_ns());
    return checked;
  }
  if (response.cmdline().size() > kMaxFileBytes) {
    return fail(EMSGSIZE, "read a process's command line from the agent: over the limit of 64 KiB");
  }
  checked.stat = TRY(check_stat(pid, response.stat()));
  checked.status = TRY(check_status(pid, response.status()));
  checked.cmdline = response.cmdline();
  return checked;
}

}  // namespace caisson::vmm
