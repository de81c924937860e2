// SPDX-License-Identifier: Apache-2.0
#include "agent/proc/files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace caisson::agent {
namespace {

constexpr uint32_t kOverflowId = 65534;  // fs.overflowuid: what a namespace shows for an id it has not

using Words = std::vector<std::string_view>;

Words words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n";
  Words words;
  while (true) {
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
      return words;
    }
    const size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

template <typename T>
Result<T> number_of(std::string_view word) {
  T value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) {
    return fail(EPROTO, "read process status: a number was expected");
  }
  return value;
}

std::string_view value_of(std::string_view status, std::string_view key) {
  const std::string start = "\n" + std::string(key) + ":";
  const size_t line = status.find(start);
  if (line == std::string_view::npos) {
    return {};
  }
  status.remove_prefix(line + start.size());
  return status.substr(0, status.find('\n'));
}

uint32_t id_inside(uint32_t outside, const std::vector<IdRange>& ranges) {
  for (const IdRange& range : ranges) {
    if (outside >= range.outside && outside - range.outside < range.count) {
      return range.inside + (outside - range.outside);
    }
  }
  return kOverflowId;
}

Result<std::string> translated_ids(std::string_view value, const std::vector<IdRange>& ranges) {
  std::string ids;
  for (const std::string_view word : words_of(value)) {
    ids += '\t' + std::to_string(id_inside(TRY(number_of<uint32_t>(word)), ranges));
  }
  return ids.empty() ? "\t" : ids;
}

// The NS… lines, which begin with the number that the agent's own namespace has for it.
Result<std::string> from_level(std::string_view value, size_t level) {
  const Words words = words_of(value);
  if (words.size() <= level) {
    return fail(ESRCH, "read process status: it is in no namespace of the container's");
  }
  std::string numbers;
  for (size_t i = level; i < words.size(); ++i) {
    numbers += '\t' + std::string(words[i]);
  }
  return numbers;
}

Result<std::string> at_level(std::string_view status, std::string_view key, size_t level) {
  const Words words = words_of(value_of(status, key));
  if (words.size() <= level) {
    return fail(ESRCH, "read process status: it is in no namespace of the container's");
  }
  return std::string(words[level]);
}

Result<std::string> seen(std::string_view word, const Viewpoint& from) {
  const auto pid = TRY(number_of<pid_t>(word));
  return std::to_string(pid > 0 ? from.seen(pid) : pid);  // -1: no terminal
}

// What stands behind "<key>:" for the container, from what stands there for us.
Result<std::string> translated_value(std::string_view key, std::string_view value, std::string_view status,
                                     const Viewpoint& from) {
  if (key == "Pid" || key == "Tgid") {
    return '\t' + TRY(at_level(status, key == "Pid" ? "NSpid" : "NStgid", from.level));
  }
  if (key == "PPid" || key == "TracerPid") {
    const Words words = words_of(value);
    return '\t' + TRY(seen(words.empty() ? std::string_view() : words[0], from));
  }
  if (key.starts_with("NS")) {
    return from_level(value, from.level);
  }
  if (key == "Uid") {
    return translated_ids(value, from.uids);
  }
  if (key == "Gid" || key == "Groups") {
    return translated_ids(value, from.gids);
  }
  return std::string(value);
}

Result<std::string> translated_status(std::string_view status, const Viewpoint& from) {
  std::string text;
  for (std::string_view rest = status; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return fail(EPROTO, "read process status: a line without a key");
    }
    const std::string_view key = line.substr(0, colon);
    text.append(key).append(":").append(TRY(translated_value(key, line.substr(colon + 1), status, from)));
    text += '\n';
  }
  return text;
}

// proc(5): "pid (name) state ppid pgrp session tty_nr tpgid …"; the name may hold anything.
Result<std::string> translated_stat(std::string_view stat, std::string_view status, const Viewpoint& from) {
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return fail(EPROTO, "read process status: malformed");
  }
  const Words words = words_of(stat.substr(close + 1));
  constexpr size_t kState = 0;
  constexpr size_t kParent = 1;
  constexpr size_t kGroup = 2;
  constexpr size_t kSession = 3;
  constexpr size_t kForeground = 5;
  if (words.size() <= kForeground) {
    return fail(EPROTO, "read process status: too short");
  }
  std::string text = TRY(at_level(status, "NStgid", from.level)) + " ";
  text.append(stat.substr(open, close + 1 - open)).append(" ").append(words[kState]);
  for (size_t i = kParent; i < words.size(); ++i) {
    text += ' ';
    switch (i) {
      case kParent:
      case kForeground:
        text += TRY(seen(words[i], from));
        break;
      // Not by its number: who led the group or the session may have ended.
      case kGroup:
        text += TRY(at_level(status, "NSpgid", from.level));
        break;
      case kSession:
        text += TRY(at_level(status, "NSsid", from.level));
        break;
      default:
        text.append(words[i]);
    }
  }
  return text + '\n';
}

}  // namespace

Result<std::vector<IdRange>> parse_id_map(std::string_view text) {
  const Words words = words_of(text);
  if (words.size() % 3 != 0) {
    return fail(EPROTO, "read id map: malformed");
  }
  std::vector<IdRange> ranges;
  for (size_t i = 0; i < words.size(); i += 3) {
    ranges.push_back({.inside = TRY(number_of<uint32_t>(words[i])),
                      .outside = TRY(number_of<uint32_t>(words[i + 1])),
                      .count = TRY(number_of<uint32_t>(words[i + 2]))});
  }
  return ranges;
}

size_t namespaces_in(std::string_view status) {
  return words_of(value_of(status, "NSpid")).size();
}

Result<void> translate(ProcFiles& files, const Viewpoint& from) {
  std::string stat = TRY(translated_stat(files.stat, files.status, from));
  files.status = TRY(translated_status(files.status, from));
  files.stat = std::move(stat);
  return {};
}

}  // namespace caisson::agent
