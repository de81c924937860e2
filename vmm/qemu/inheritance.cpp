// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/inheritance.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace caisson::vmm {
namespace {

// Numbers 0 to 2 are the child's standard streams; a descriptor to inherit must lie above them.
Result<UniqueFd> above_standard(UniqueFd fd) {
  if (fd.get() > 2) {
    return fd;
  }
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!moved) {
    return fail_errno("duplicate descriptor");
  }
  return moved;
}

}  // namespace

Result<SocketPair> make_socket_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) < 0) {
    return fail_errno("create socket pair for QEMU");
  }
  SocketPair pair{.ours = UniqueFd(fds[0]), .theirs = UniqueFd(fds[1])};
  pair.ours = TRY(above_standard(std::move(pair.ours)));
  pair.theirs = TRY(above_standard(std::move(pair.theirs)));
  if (::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) < 0) {
    return fail_errno("make socket non-blocking");
  }
  return pair;
}

Result<UniqueFd> open_file(const std::string& what, const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("open " + what + " " + path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) {
    return fail_errno("stat " + what + " " + path);
  }
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    return fail(EINVAL, "open " + what + " " + path + ": not a regular file, or empty");
  }
  return above_standard(std::move(fd));
}

// QEMU's own words about a file that is no kernel name neither the file nor the remedy.
Result<uint64_t> check_is_elf(int fd, const std::string& path) {
  std::array<char, SELFMAG> magic{};
  if (::pread(fd, magic.data(), magic.size(), 0) != static_cast<ssize_t>(magic.size()) ||
      std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) {
    return fail(ENOEXEC,
                "open guest kernel " + path + ": not an ELF file; an uncompressed vmlinux is needed");
  }
  struct stat status {};
  if (::fstat(fd, &status) < 0) {
    return fail_errno("stat guest kernel " + path);
  }
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace caisson::vmm
