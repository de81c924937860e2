// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/sandbox_user.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace caisson::vmm {
namespace {

constexpr std::string_view kRemedy = "; set CAISSON_QEMU_USERS to another range (docs/configuration.md)";

// LIMIT: a line of it for each user; a host with more names them by a service of its own.
constexpr off_t kMaxFileBytes = 16L << 20;

// Who may use which ids: lines of NAME:…:NUMBER[:COUNT…].
struct UserFile {
  const char* name;
  size_t first_field;  // that of the first id
  bool is_range;       // the field behind it says how many there are
};

constexpr std::array kUserFiles = {
    UserFile{.name = "passwd", .first_field = 2, .is_range = false},
    UserFile{.name = "group", .first_field = 2, .is_range = false},
    UserFile{.name = "subuid", .first_field = 1, .is_range = true},
    UserFile{.name = "subgid", .first_field = 1, .is_range = true},
};

std::string_view field(std::string_view line, size_t number) {
  for (; number > 0; --number) {
    const size_t colon = line.find(':');
    line = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  }
  return line.substr(0, line.find(':'));
}

// 0, root's, for what is no number.
uint64_t number_at(std::string_view line, size_t number) {
  const std::string_view text = field(line, number);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool gives_away(std::string_view line, const UserFile& file, const UserRange& range) {
  const uint64_t first = number_at(line, file.first_field);
  const uint64_t count = file.is_range ? number_at(line, file.first_field + 1) : 1;
  return first <= range.last && (first >= range.first ? count > 0 : range.first - first < count);
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    return std::string();
  }
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) < 0) {
    return fail_errno("read " + path);
  }
  if (status.st_size > kMaxFileBytes) {
    return fail(EFBIG, "read " + path + ": larger than 16 MiB");
  }
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t count = ::pread(fd.get(), text.data(), text.size(), 0);
  if (count < 0) {
    return fail_errno("read " + path);
  }
  text.resize(static_cast<size_t>(count));
  return text;
}

Result<void> must_be_nobodys(const UserRange& range, const std::string& etc) {
  for (const UserFile& file : kUserFiles) {
    const std::string path = etc + "/" + file.name;
    const std::string text = TRY(read_file(path));
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (gives_away(line, file, range)) {
        return fail(EEXIST, "choose a user for QEMU of " + to_string(range) + ": " + path +
                                " gives ids of these to " + std::string(field(line, 0)) +
                                std::string(kRemedy));
      }
    }
  }
  return {};
}

Result<UniqueFd> open_locks(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) < 0) {
    return fail_errno("open " + path + ", where the users of QEMUs are locked");
  }
  // Whoever else may open it could lock every id.
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 0077U) != 0) {
    return fail(EPERM,
                "open " + path +
                    ", where the users of QEMUs are locked: not a file of ours alone (mode 0600); remove it");
  }
  return fd;
}

// [fcntl(2), open file description locks] Inherited by duplicates, dropped with the last of them.
bool lock_byte(int fd, off_t offset) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

// Anywhere in the range: a start seldom meets another's, and an id is seldom had twice in a row.
uint32_t random_below(uint32_t count) {
  uint32_t value = 0;
  return ::getrandom(&value, sizeof(value), 0) == sizeof(value) ? value % count : 0;
}

}  // namespace

Result<SandboxUser> SandboxUser::claim(const UserRange& range, const Places& places) {
  TRY(must_be_nobodys(range, places.etc));
  UniqueFd locks = TRY(open_locks(places.locks));
  const uint32_t start = random_below(range.size());
  for (uint32_t i = 0; i < range.size(); ++i) {
    // By the id itself, so that ranges that overlap share none either.
    const uint32_t id = range.first + (start + i) % range.size();
    if (lock_byte(locks.get(), id)) {
      return SandboxUser(id, std::move(locks));
    }
    if (errno != EAGAIN && errno != EACCES) {
      return fail_errno("lock a user for QEMU in " + places.locks);
    }
  }
  return fail(EAGAIN, "choose a user for QEMU: all of " + to_string(range) +
                          " are taken by living sandboxes" + std::string(kRemedy));
}

}  // namespace caisson::vmm
