// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

// LIMIT: a container starts with a soft limit of 1024 or less; what leaks is seldom above.
constexpr int kLooked = 1024;

std::string kind_of(const struct stat& info) {
  switch (info.st_mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFIFO:
      return "pipe";
    case S_IFSOCK:
      return "socket";
    case S_IFCHR:
      return "char " + std::to_string(major(info.st_rdev)) +
             // Which terminal it is depends on what else runs on the host.
             (major(info.st_rdev) == 136 ? "" : ":" + std::to_string(minor(info.st_rdev)));
    default:
      return "other";
  }
}

const char* access_of(int flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return "read";
    case O_WRONLY:
      return "write";
    default:
      return "both";
  }
}

}  // namespace

void tell_descriptors(Arguments /*arguments*/) {
  for (int fd = 0; fd < kLooked; ++fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    struct stat info {};
    if (flags < 0 || ::fstat(fd, &info) < 0) {
      continue;
    }
    const std::string subject = "descriptor " + std::to_string(fd);
    tell(subject, kind_of(info));
    tell(subject + " access", access_of(flags));
    tell(subject + " flags", std::string((flags & O_NONBLOCK) != 0 ? "nonblock " : "") +
                                 ((flags & O_APPEND) != 0 ? "append" : ""));
    tell(subject + " owner", std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid));
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const int again = ::open(path.c_str(), (flags & O_ACCMODE) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    tell(subject + " opened again", outcome(again));
    if (again >= 0) {
      ::close(again);
    }
  }
}

}  // namespace caisson::probe
