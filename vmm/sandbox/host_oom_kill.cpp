// SPDX-License-Identifier: Apache-2.0
#include "vmm/sandbox/host_oom_kill.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "common/detached_directory.h"

namespace caisson::vmm {
namespace {

// LIMIT: numbers, or a few lines of words. A longer list of members is not ours alone, whatever it goes on
// with.
constexpr size_t kMaxFileBytes = 256;

// [proc] oom_score_adj: the kernel kills none that has this.
constexpr std::string_view kNeverKilled = "-1000\n";
constexpr std::string_view kLastKilled = "-999";
// Before all that are as big, and those that are bigger by less than the cgroup's limit.
constexpr std::string_view kFirstKilled = "1000";

// v1: what may be charged to the cgroup between a look at its use and the limit that follows it.
constexpr uint64_t kSlackBytes = 1UL << 20;
// LIMIT: what is touched to reach the limit: the slack, and pages that each CPU holds ready for the cgroup.
constexpr size_t kTouchedBytes = 64UL << 20;

Result<UniqueFd> open_at(int directory, const std::string& name, int flags) {
  UniqueFd file(::openat(directory, name.c_str(), flags | O_CLOEXEC));
  return file ? Result<UniqueFd>(std::move(file)) : fail_errno("open " + name);
}

Result<std::string> read_text(const UniqueFd& file, const char* name) {
  std::array<char, kMaxFileBytes> buffer{};
  const ssize_t size = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  return size < 0 ? Result<std::string>(fail_errno(std::string("read ") + name))
                  : std::string(buffer.data(), static_cast<size_t>(size));
}

Result<void> write_text(const UniqueFd& file, std::string_view text, const char* name) {
  return ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())
             ? Result<void>()
             : fail_errno(std::string("write ") + name);
}

Result<uint64_t> read_number(const UniqueFd& file, const char* name) {
  const std::string text = TRY(read_text(file, name));
  uint64_t number = 0;
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()
             ? Result<uint64_t>(number)
             : fail(EPROTO, std::string("read ") + name + ": not a number");
}

// In the kernel, which gives up when there is nobody it may kill. A fault of our own would be repeated for
// ever.
void touch_memory() {
  void* memory = ::mmap(nullptr, kTouchedBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory != MAP_FAILED) {
    ::munmap(memory, kTouchedBytes);
  }
}

}  // namespace

Result<HostOomKill> HostOomKill::open(const std::string& cgroup) {
  if (cgroup.empty()) {
    return fail(ENOTSUP, "the container has no memory cgroup of its own on the host");
  }
  // Its files cannot be written to, not even by who opens their descriptors again through /proc: with
  // cgroup.procs an intruder could make the host's other processes share our end.
  const UniqueFd for_reading = TRY(open_detached_directory(cgroup, MOUNT_ATTR_RDONLY));
  const auto open_file = [&cgroup](const char* name, int flags) {
    return open_at(AT_FDCWD, cgroup + "/" + name, flags);
  };
  Files files{.members = TRY(open_at(for_reading.get(), "cgroup.procs", O_RDONLY)),
              .limit = open_file("memory.max", O_RDWR).value_or(UniqueFd()),
              .swap = {},
              .control = {},
              .usage = {},
              .score = TRY(open_at(AT_FDCWD, "/proc/self/oom_score_adj", O_RDWR))};
  if (files.limit) {
    files.swap = open_file("memory.swap.max", O_WRONLY).value_or(UniqueFd());
    return HostOomKill(std::move(files));
  }
  files.limit = TRY(open_file("memory.limit_in_bytes", O_RDWR));
  files.swap = open_file("memory.swappiness", O_WRONLY).value_or(UniqueFd());
  files.control = TRY(open_at(for_reading.get(), "memory.oom_control", O_RDONLY));
  files.usage = TRY(open_at(for_reading.get(), "memory.usage_in_bytes", O_RDONLY));
  return HostOomKill(std::move(files));
}

Error HostOomKill::die() const {
  const auto outcome = [this]() -> Result<void> {
    TRY(check_alone());
    TRY(become_killable());
    const std::string limit = TRY(read_text(files_.limit, "memory limit"));
    auto exhausted = exhaust();
    // Else the next page we need would be refused, and asked for again without end.
    TRY(write_text(files_.limit, limit, "memory limit"));
    return exhausted;
  }();
  return outcome ? Error{.code = EAGAIN, .message = "the kernel killed nobody"} : outcome.error();
}

// The kernel takes the biggest, which another process of the cgroup may be. We read this in our pid
// namespace: v2 lists a process outside it as 0, v1 not at all.
Result<void> HostOomKill::check_alone() const {
  const std::string members = TRY(read_text(files_.members, "cgroup.procs"));
  return members == std::to_string(::getpid()) + "\n"
             ? Result<void>()
             : fail(EBUSY, "caisson-vmm is not alone in the container's cgroup");
}

// Engines may protect themselves, and we inherit that. To raise the score takes no capability. Where another
// process cannot be seen (v1), the kernel is told to take us before it.
Result<void> HostOomKill::become_killable() const {
  if (files_.control) {
    return write_text(files_.score, kFirstKilled, "oom_score_adj");
  }
  return TRY(read_text(files_.score, "oom_score_adj")) == kNeverKilled
             ? write_text(files_.score, kLastKilled, "oom_score_adj")
             : Result<void>();
}

// [cgroup-v2] memory.max: "If a cgroup's memory usage reaches this limit and can't be reduced, the OOM killer
// is invoked in the cgroup". v1 refuses such a limit, but has reclaimed by then what could be; memory that is
// asked for above a limit it takes invokes the killer.
Result<void> HostOomKill::exhaust() const {
  if (files_.control &&
      TRY(read_text(files_.control, "memory.oom_control")).find("oom_kill_disable 0\n") != 0) {
    return fail(EBUSY, "memory.oom_control of the container's cgroup has the OOM killer disabled");
  }
  if (files_.swap) {
    TRY(write_text(files_.swap, "0", "swap limit"));
  }
  auto taken = write_text(files_.limit, "0", "memory limit");
  if (!files_.control) {
    return taken;
  }
  const uint64_t usage = TRY(read_number(files_.usage, "memory.usage_in_bytes"));
  TRY(write_text(files_.limit, std::to_string(usage + kSlackBytes), "memory limit"));
  touch_memory();
  return {};
}

}  // namespace caisson::vmm
