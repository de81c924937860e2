// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/preserved_descriptor.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

// null, zero, full, random, urandom: [devices.txt], character devices of major 1.
constexpr unsigned kMemoryMajor = 1;
constexpr std::array kMinors = {3U, 5U, 7U, 8U, 9U};

bool is_known_device(const struct stat& info) {
  return S_ISCHR(info.st_mode) && major(info.st_rdev) == kMemoryMajor &&
         std::find(kMinors.begin(), kMinors.end(), minor(info.st_rdev)) != kMinors.end();
}

// epoll(7) takes what can be waited for, and refuses all else. Files of a FUSE server it takes too, though
// they are files like any other.
bool can_be_waited_for(int fd) {
  struct statfs file_system {};
  if (::fstatfs(fd, &file_system) == 0 && file_system.f_type == FUSE_SUPER_MAGIC) {
    return false;
  }
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  return !epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno != EPERM;
}

}  // namespace

std::optional<PreservedDescriptor> find_file_or_device(int fd) {
  struct stat info {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || ::fstat(fd, &info) < 0) {
    return std::nullopt;
  }
  const int access = flags & O_ACCMODE;
  PreservedDescriptor found{.number = fd, .reads = access != O_WRONLY, .writes = access != O_RDONLY};
  if (is_known_device(info)) {
    found.device_minor = minor(info.st_rdev);
    return found;
  }
  if ((S_ISREG(info.st_mode) || S_ISBLK(info.st_mode)) && !can_be_waited_for(fd)) {
    found.is_file = true;
    found.appends = (flags & O_APPEND) != 0;
    return found;
  }
  return std::nullopt;
}

std::string served_name(uint64_t process, int number) {
  return "fd-" + std::to_string(process) + "-" + std::to_string(number);
}

void fill_descriptor(const PreservedDescriptor& from, uint64_t process, agent::v1::PreservedDescriptor& to) {
  to.set_number(static_cast<uint32_t>(from.number));
  to.set_reads(from.reads);
  to.set_writes(from.writes);
  to.set_device_minor(from.device_minor);
  if (from.is_file) {
    to.set_served_name(served_name(process, from.number));
    to.set_appends(from.appends);
  }
}

}  // namespace caisson::runtime
