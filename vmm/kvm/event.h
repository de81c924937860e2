// SPDX-License-Identifier: Apache-2.0
// An eventfd shared with KVM: caisson-vmm raises it for an interrupt, or KVM raises it when the guest writes
// to a register.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "common/result.h"
#include "common/unique_fd.h"

namespace caisson::vmm {

class Event {
 public:
  static Result<Event> create() {
    UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) {
      return fail_errno("create eventfd");
    }
    return Event(std::move(fd));
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  void raise() const {
    const uint64_t one = 1;
    // EAGAIN: the counter is full, so it is raised already.
    [[maybe_unused]] const ssize_t count = ::write(fd_.get(), &one, sizeof(one));
  }

  void clear() const {
    uint64_t value = 0;
    // EAGAIN: it was clear.
    [[maybe_unused]] const ssize_t count = ::read(fd_.get(), &value, sizeof(value));
  }

 private:
  explicit Event(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace caisson::vmm
