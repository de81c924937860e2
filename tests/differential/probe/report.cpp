// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/probe/report.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace caisson::probe {
namespace {

// No stream of the C library: what it holds would be written twice after a fork.
std::string pending;

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (byte >= ' ' && byte <= '~' && byte != '\\') {
      text += byte;
    } else {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(byte)));
      text += code.data();
    }
  }
  return text;
}

const char* kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "dir";
    case S_IFCHR:
      return "char";
    case S_IFBLK:
      return "block";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    default:
      return "unknown";
  }
}

}  // namespace

void tell(std::string_view subject, std::string_view value) {
  pending += escaped(subject) + ": " + escaped(value) + "\n";
}

void tell(std::string_view subject, long long value) {
  tell(subject, std::to_string(value));
}

void tell_octal(std::string_view subject, unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", value);
  tell(subject, text.data());
}

void tell_hex(std::string_view subject, unsigned long long value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%016llx", value);
  tell(subject, text.data());
}

void flush() {
  size_t written = 0;
  while (written < pending.size()) {
    const ssize_t n = ::write(STDOUT_FILENO, pending.data() + written, pending.size() - written);
    if (n < 0) {
      break;
    }
    written += static_cast<size_t>(n);
  }
  pending.clear();
}

std::string error_name(int code) {
  const char* name = code == 0 ? "ok" : ::strerrorname_np(code);
  return name != nullptr ? name : "errno " + std::to_string(code);
}

std::string outcome(long long returned) {
  return returned < 0 ? error_name(errno) : "ok";
}

std::string describe(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) {
    return error_name(errno);
  }
  if (S_ISLNK(info.st_mode)) {
    std::array<char, PATH_MAX> target{};
    const ssize_t n = ::readlink(path.c_str(), target.data(), target.size() - 1);
    return n < 0 ? "link" : std::string("link -> ") + target.data();
  }
  std::array<char, 128> text{};
  const char* kind = kind_of(info.st_mode);
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    std::snprintf(text.data(), text.size(), "%s %u:%u %o %u:%u", kind, major(info.st_rdev),
                  minor(info.st_rdev), info.st_mode & 07777U, info.st_uid, info.st_gid);
  } else {
    std::snprintf(text.data(), text.size(), "%s %o %u:%u", kind, info.st_mode & 07777U, info.st_uid,
                  info.st_gid);
  }
  return text.data();
}

}  // namespace caisson::probe
