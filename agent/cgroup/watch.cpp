// SPDX-License-Identifier: Apache-2.0
#include "agent/cgroup/watch.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <array>

namespace caisson::agent {

Result<std::unique_ptr<CgroupWatch>> CgroupWatch::create(EventLoop& loop, const Cgroup& cgroup,
                                                         const std::string& file, Changed changed) {
  UniqueFd fd(::openat(cgroup.directory(), file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return fail_errno("watch cgroup file " + file);
  }
  std::unique_ptr<CgroupWatch> watch(new CgroupWatch(std::move(fd)));
  watch->acknowledge();
  watch->watch_ = TRY(
      loop.watch(watch->file_.get(), EPOLLPRI, [raw = watch.get(), changed = std::move(changed)](uint32_t) {
        raw->acknowledge();
        changed();  // it may destroy the watch
      }));
  return watch;
}

void CgroupWatch::acknowledge() const {
  std::array<char, 512> text{};
  [[maybe_unused]] const ssize_t n = ::pread(file_.get(), text.data(), text.size(), 0);
}

}  // namespace caisson::agent
