// SPDX-License-Identifier: Apache-2.0
#include "common/relay/one_stream.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson {
namespace {

#ifndef F_DUPFD_QUERY
constexpr int F_DUPFD_QUERY = 1027;  // linux/fcntl.h since Linux 6.10
#endif

bool is_one_description(int a, int b) {
  // Newer kernels answer without CONFIG_KCMP; older ones say EINVAL.
  const int answer = ::fcntl(a, F_DUPFD_QUERY, b);
  if (answer >= 0) {
    return answer == 1;
  }
  const pid_t self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, static_cast<unsigned long>(a),
                   static_cast<unsigned long>(b)) == 0;
}

}  // namespace

bool is_one_stream(int a, int b) {
  struct stat first {};
  struct stat second {};
  if (::fstat(a, &first) < 0 || ::fstat(b, &second) < 0 || first.st_dev != second.st_dev ||
      first.st_ino != second.st_ino || (first.st_mode & S_IFMT) != (second.st_mode & S_IFMT)) {
    return false;
  }
  // Another description of a file has an offset of its own.
  return !S_ISREG(first.st_mode) || is_one_description(a, b);
}

}  // namespace caisson
