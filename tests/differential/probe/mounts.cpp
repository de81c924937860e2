// SPDX-License-Identifier: Apache-2.0
// proc_pid_mountinfo(5), a line per property, so that a property can differ alone.
#include <algorithm>
#include <map>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

std::string propagation(const std::vector<std::string>& words, size_t separator) {
  std::string kinds;
  for (size_t i = 6; i < separator; ++i) {
    kinds += (kinds.empty() ? "" : " ") +
             words[i].substr(0, words[i].find(':'));  // group numbers are the kernel's
  }
  return kinds.empty() ? "private" : kinds;
}

void tell_mount(const std::vector<std::string>& words, std::map<std::string, int>& seen) {
  const auto found = std::find(words.begin(), words.end(), "-");
  const auto separator = static_cast<size_t>(found - words.begin());
  if (words.size() < 7 || separator + 3 > words.size()) {
    tell("mount malformed", words.empty() ? "" : words.front());
    return;
  }
  const std::string& point = words[4];
  const int nth = ++seen[point];
  const std::string subject = "mount " + point + (nth > 1 ? " (" + std::to_string(nth) + ")" : "");
  tell(subject + " root", words[3]);
  tell(subject + " options", words[5]);
  tell(subject + " propagation", propagation(words, separator));
  tell(subject + " type", words[separator + 1]);
  // An empty source is written as nothing.
  const bool sourceless = separator + 3 == words.size();
  tell(subject + " source", sourceless ? "" : words[separator + 2]);
  tell(subject + " file system options", words.back());
}

}  // namespace

void tell_mounts(Arguments /*arguments*/) {
  std::map<std::string, int> seen;
  const std::string text = read_text("/proc/self/mountinfo");
  tell("mounts known",
       text.find('\n') != std::string::npos || text.find(' ') != std::string::npos ? "yes" : text);
  for (const std::string& line : lines_of(text)) {
    tell_mount(words_of(line), seen);
  }
}

}  // namespace caisson::probe
