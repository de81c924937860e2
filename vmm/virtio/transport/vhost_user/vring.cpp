// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/vring.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

namespace caisson::vmm::vhost_user {

Result<Event> Event::create(UniqueFd fd) {
  Event event;
  if (fd) {
    // An eventfd has no file type. Writing 8 bytes to a file, a pipe or a socket is thereby ruled out.
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) {
      return fail_errno("stat vring event descriptor");
    }
    if ((status.st_mode & S_IFMT) != 0) {
      return fail(EPROTO, "take vring event descriptor: it is not an eventfd");
    }
    const int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0)) {
      return fail_errno("make vring event descriptor non-blocking");
    }
  }
  event.fd_ = std::move(fd);
  return event;
}

void Event::signal() const {
  if (!fd_) {
    return;
  }
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so the other end is awake already. Any other failure hurts only who made the
  // event.
  [[maybe_unused]] const ssize_t count = ::write(fd_.get(), &one, sizeof(one));
}

Result<void> Event::clear() const {
  uint64_t count = 0;
  if (::read(fd_.get(), &count, sizeof(count)) != sizeof(count) && errno != EAGAIN && errno != EINTR) {
    return fail_errno("read vring kick");
  }
  return {};
}

Result<VirtQueue> Vring::make_queue(const MemoryTable& table, uint64_t features) {
  if (!address || size == 0) {
    return fail(EPROTO, "start vring: its addresses or its size are not set");
  }
  const VirtQueue::Config config{
      .size = static_cast<uint16_t>(size),
      .descriptors = TRY(table.translate(address->descriptors)),
      .available = TRY(table.translate(address->available)),
      .used = TRY(table.translate(address->used)),
      .event_index = (features & kFeatureEventIndex) != 0,
      .indirect = (features & kFeatureIndirect) != 0,
      .next_available = state.next_available,
      .next_used = state.next_used,
  };
  return VirtQueue::create(table.memory(), config, *this);
}

}  // namespace caisson::vmm::vhost_user
