// SPDX-License-Identifier: Apache-2.0
// One ring as a vhost-user front end sets it up, and the eventfds that go with it. Owned by Server, which
// alone changes it; devices only see the QueueInterrupt inside.
#pragma once

#include <cstdint>
#include <optional>

#include "common/result.h"
#include "common/unique_fd.h"
#include "common/watch.h"
#include "vmm/virtio/queue.h"
#include "vmm/virtio/transport/vhost_user/memory_table.h"
#include "vmm/virtio/transport/vhost_user/message.h"

namespace caisson::vmm::vhost_user {

// An eventfd of the front end's. In truth it may be any descriptor, so it is set up such that it can never
// block caisson-vmm.
class Event {
 public:
  Event() = default;
  // Takes `fd`; an invalid one is an absent event.
  static Result<Event> create(UniqueFd fd);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool is_present() const { return fd_.is_valid(); }
  void signal() const;
  Result<void> clear() const;

 private:
  UniqueFd fd_;
};

class Vring final : public QueueInterrupt {
 public:
  // LIMIT: QEMU's largest virtqueue. Its MMIO transport offers the driver this size for every queue, whatever
  // size the device has; a device behind vhost-user cannot say less.
  static constexpr uint32_t kMaxSize = 1024;

  void raise() override { call.signal(); }

  // Whether the ring is set up and has a kick descriptor: [vhost-user] "Ring states", started.
  [[nodiscard]] bool is_started() const { return kick.is_present(); }

  // The queue this ring describes; every address is checked. `features` as negotiated.
  Result<VirtQueue> make_queue(const MemoryTable& table, uint64_t features);

  uint32_t size = 0;
  std::optional<VringAddress> address;
  VirtQueue::State state;  // where processing starts, or has stopped
  Event kick;
  Watch kick_watch;
  Event call;
  Event error;
  bool enabled = false;
};

}  // namespace caisson::vmm::vhost_user
