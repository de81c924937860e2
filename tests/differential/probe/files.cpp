// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/probe/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/differential/probe/report.h"

namespace caisson::probe {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = std::min(text.find(separator, start), text.size());
    if (end > start) {
      parts.push_back(text.substr(start, end - start));
    }
    start = end + 1;
  }
  return parts;
}

}  // namespace

std::string read_text(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return outcome(fd);
  }
  std::string text;
  std::array<char, 4096> bytes{};
  ssize_t n = 0;
  while ((n = ::read(fd, bytes.data(), bytes.size())) > 0) {
    text.append(bytes.data(), static_cast<size_t>(n));
  }
  const std::string failed = outcome(n);
  ::close(fd);
  if (n < 0) {
    return failed;
  }
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

std::string squeezed(std::string_view text) {
  std::string result;
  for (const std::string& line : lines_of(std::string(text))) {
    result += result.empty() ? "" : " /";
    for (const std::string& word : words_of(line)) {
      result += (result.empty() ? "" : " ") + word;
    }
  }
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  return split(text, '\n');
}

std::vector<std::string> words_of(const std::string& line) {
  std::string blanks = line;
  std::replace(blanks.begin(), blanks.end(), '\t', ' ');
  return split(blanks, ' ');
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) {
    return names;
  }
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  ::closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace caisson::probe
