// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "tests/differential/probe/files.h"
#include "tests/differential/probe/report.h"
#include "tests/differential/probe/sections.h"

namespace caisson::probe {
namespace {

// LIMIT: deeper than any device a test asks for.
constexpr int kDepth = 3;

void tell_directory(const std::string& path, int depth) {
  for (const std::string& name : names_in(path)) {
    const std::string entry = path + "/" + name;
    // Terminals are numbered by the kernel; queues and shared memory are not devices.
    if (path == "/dev/pts" && name != "ptmx") {
      continue;
    }
    const std::string what = describe(entry);
    tell("device " + entry, what);
    if (what.starts_with("dir") && depth < kDepth && name != "shm" && name != "mqueue") {
      tell_directory(entry, depth + 1);
    }
  }
}

void tell_openable(const std::string& path) {
  const auto attempt = [&](int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const std::string result = outcome(fd);
    if (fd >= 0) {
      ::close(fd);
    }
    return result;
  };
  tell("device " + path + " reading", attempt(O_RDONLY));
  tell("device " + path + " writing", attempt(O_WRONLY));
}

void tell_behaviour() {
  std::array<char, 8> bytes{};
  const auto transfer = [&](const char* path, int flags) {
    const int fd = ::open(path, flags | O_CLOEXEC);
    const ssize_t n = fd < 0              ? fd
                      : flags == O_RDONLY ? ::read(fd, bytes.data(), bytes.size())
                                          : ::write(fd, bytes.data(), bytes.size());
    const std::string result = n < 0 ? outcome(n) : std::to_string(n);
    if (fd >= 0) {
      ::close(fd);
    }
    return result;
  };
  tell("read /dev/null", transfer("/dev/null", O_RDONLY));
  tell("read /dev/zero", transfer("/dev/zero", O_RDONLY));
  tell("read /dev/urandom", transfer("/dev/urandom", O_RDONLY));
  tell("write /dev/full", transfer("/dev/full", O_WRONLY));
  tell("write /dev/null", transfer("/dev/null", O_WRONLY));
}

}  // namespace

void tell_devices(Arguments arguments) {
  tell("device /dev", describe("/dev"));
  tell_directory("/dev", 0);
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
                           "/dev/ptmx", "/dev/console"}) {
    tell_openable(path);
  }
  for (const std::string_view argument : arguments) {
    if (argument.starts_with("device=")) {
      tell_openable(std::string(argument.substr(7)));
    }
  }
  tell_behaviour();
}

}  // namespace caisson::probe
