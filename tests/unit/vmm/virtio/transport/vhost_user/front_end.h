// SPDX-License-Identifier: Apache-2.0
// A scripted vhost-user front end for tests: speaks over one end of a socket pair, owns the shared memory and
// the eventfds, and lays out split rings in it by hand. It can misspeak at will.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <vector>

#include "vmm/virtio/transport/vhost_user/message.h"

namespace caisson::vmm::vhost_user {

class FrontEnd {
 public:
  static constexpr uint64_t kGuestBase = 0x1000'0000;
  static constexpr uint64_t kUserBase = 0x7f00'0000'0000;
  static constexpr size_t kMemoryBytes = 1 << 20;
  static constexpr uint16_t kQueueSize = 8;
  static constexpr size_t kRingStride = 0x10000;  // each ring's tables; its buffers lie in the second half

  explicit FrontEnd(int socket) : socket_(socket), memory_fd_(::memfd_create("front-end", MFD_CLOEXEC)) {
    EXPECT_EQ(::ftruncate(memory_fd_.get(), kMemoryBytes), 0);
    memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd_.get(), 0));
    EXPECT_NE(memory_, MAP_FAILED);
    for (size_t i = 0; i < kick.size(); ++i) {
      kick[i].reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      call[i].reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      error[i].reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    }
  }
  ~FrontEnd() { ::munmap(memory_, kMemoryBytes); }
  FrontEnd(const FrontEnd&) = delete;
  FrontEnd& operator=(const FrontEnd&) = delete;

  void send(Request request, std::span<const std::byte> payload, const std::vector<int>& fds = {},
            uint32_t flags = kFlagVersion) {
    const Header header{.request = static_cast<uint32_t>(request),
                        .flags = flags,
                        .size = static_cast<uint32_t>(payload.size())};
    std::vector<std::byte> bytes(sizeof(header) + payload.size());
    std::memcpy(bytes.data(), &header, sizeof(header));
    std::ranges::copy(payload, bytes.begin() + sizeof(header));
    send_raw(bytes, fds);
  }

  template <typename T>
  void send(Request request, const T& body, const std::vector<int>& fds = {}, uint32_t flags = kFlagVersion) {
    send(request, std::as_bytes(std::span(&body, 1)), fds, flags);
  }

  void send_raw(std::span<const std::byte> bytes, const std::vector<int>& fds) {
    iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(64 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      cmsghdr* head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
    }
    [[maybe_unused]] const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  }

  // The payload of the next reply; empty when the back end has hung up.
  std::vector<std::byte> receive() {
    Header header{};
    if (::recv(socket_.get(), &header, sizeof(header), MSG_WAITALL) != sizeof(header)) {
      return {};
    }
    EXPECT_EQ(header.flags, kFlagVersion | kFlagReply);
    std::vector<std::byte> payload(header.size);
    EXPECT_EQ(::recv(socket_.get(), payload.data(), payload.size(), MSG_WAITALL),
              static_cast<ssize_t>(payload.size()));
    return payload;
  }

  uint64_t receive_u64() {
    const std::vector<std::byte> payload = receive();
    uint64_t value = UINT64_MAX;
    if (payload.size() == sizeof(value)) {
      std::memcpy(&value, payload.data(), sizeof(value));
    }
    return value;
  }

  uint64_t ask(Request request) {
    send(request, std::span<const std::byte>{});
    return receive_u64();
  }

  // Waits until everything sent so far has been acted on.
  void settle() { EXPECT_NE(ask(Request::get_features), UINT64_MAX); }
  bool is_hung_up() { return receive().empty(); }

  // [vhost-user] the order in which QEMU starts a device.
  void negotiate(uint64_t features, uint64_t protocol = kProtocolMq | kProtocolReplyAck | kProtocolConfig) {
    ask(Request::get_features);
    ask(Request::get_protocol_features);
    send(Request::set_protocol_features, protocol);
    send(Request::set_owner, std::span<const std::byte>{});
    send(Request::set_features, features);
  }

  void share_memory() {
    struct {
      MemoryTableHead head{.count = 1, .padding = 0};
      MemoryRegion region{.guest_address = kGuestBase,
                          .size_bytes = kMemoryBytes,
                          .user_address = kUserBase,
                          .mmap_offset = 0};
    } table;
    send(Request::set_mem_table, table, {memory_fd_.get()});
  }

  void set_up_ring(uint32_t index, uint32_t base = 0) {
    send(Request::set_vring_num, VringState{.index = index, .num = kQueueSize});
    send(Request::set_vring_base, VringState{.index = index, .num = base});
    send(Request::set_vring_addr, address(index));
    send(Request::set_vring_kick, uint64_t{index}, {kick.at(index).get()});
    send(Request::set_vring_call, uint64_t{index}, {call.at(index).get()});
    send(Request::set_vring_err, uint64_t{index}, {error.at(index).get()});
  }

  void enable_ring(uint32_t index, uint32_t on = 1) {
    send(Request::set_vring_enable, VringState{.index = index, .num = on});
  }

  [[nodiscard]] static VringAddress address(uint32_t index) {
    const uint64_t ring = kUserBase + index * kRingStride;
    return {.index = index,
            .flags = 0,
            .descriptors = ring,
            .used = ring + 0x2000,
            .available = ring + 0x1000,
            .log = 0};
  }

  // Makes one device-writable buffer of `bytes` available in a ring.
  void offer(uint32_t index, uint32_t bytes) {
    std::byte* ring = memory_ + index * kRingStride;
    uint16_t available = 0;
    std::memcpy(&available, ring + 0x1002, sizeof(available));
    const auto slot = static_cast<uint16_t>(available % kQueueSize);
    struct {
      uint64_t address;
      uint32_t length;
      uint16_t flags;
      uint16_t next;
    } descriptor{kGuestBase + index * kRingStride + 0x8000 + slot * 0x100U, bytes, 2, 0};
    std::memcpy(ring + slot * 16, &descriptor, sizeof(descriptor));
    std::memcpy(ring + 0x1004 + slot * 2, &slot, sizeof(slot));
    available = static_cast<uint16_t>(available + 1);
    std::memcpy(ring + 0x1002, &available, sizeof(available));
  }

  void signal_kick(uint32_t index) {
    const uint64_t one = 1;
    EXPECT_EQ(::write(kick.at(index).get(), &one, sizeof(one)), 8);
  }

  [[nodiscard]] uint16_t used_index(uint32_t index) const {
    uint16_t used = 0;
    std::memcpy(&used, memory_ + index * kRingStride + 0x2002, sizeof(used));
    return used;
  }

  [[nodiscard]] std::byte buffer_byte(uint32_t index, size_t slot) const {
    return memory_[index * kRingStride + 0x8000 + slot * 0x100];
  }

  // Whether the event comes within two seconds.
  static bool wait_for(const UniqueFd& event) {
    pollfd poller{.fd = event.get(), .events = POLLIN, .revents = 0};
    uint64_t count = 0;
    return ::poll(&poller, 1, 2000) == 1 && ::read(event.get(), &count, sizeof(count)) == sizeof(count);
  }

  // Waits until a ring that was started has been served, and forgets that it called: it does so once without
  // cause.
  void settle_ring(uint32_t index) {
    settle();
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = ::read(call.at(index).get(), &count, sizeof(count));
  }

  std::array<UniqueFd, 2> kick;
  std::array<UniqueFd, 2> call;
  std::array<UniqueFd, 2> error;

 private:
  UniqueFd socket_;
  UniqueFd memory_fd_;
  std::byte* memory_ = nullptr;
};

}  // namespace caisson::vmm::vhost_user
