// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_vhost_user
// A hostile front end: the input is a series of messages, each with descriptors that may be what they should
// be or not. The server must end the connection or go on; the device must be let go in either case.
//
// Input: records of one byte (low nibble: how many descriptors, high nibble: of which kind), one byte (bytes
// to send) and those bytes.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "vmm/virtio/transport/vhost_user/server.h"

namespace {

using namespace caisson;
using namespace caisson::vmm;

class GreedyDevice final : public VirtioDevice {
 public:
  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::rng; }
  [[nodiscard]] std::string_view name() const override { return "greedy"; }
  [[nodiscard]] uint64_t features() const override { return 1; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return kSizes; }
  void read_config(uint64_t /*offset*/, std::span<std::byte> out) const override {
    std::fill(out.begin(), out.end(), std::byte{0});
  }
  Result<void> activate(Activation activation) override {
    if (active_) {
      std::abort();
    }
    active_ = std::move(activation);
    return {};
  }
  void on_kick(uint16_t index) override {
    if (!active_ || !active_->queues.at(index)) {
      return;
    }
    for (int round = 0; round < 64; ++round) {
      auto chain = active_->queues[index]->pop();
      if (!chain || !*chain) {
        return;
      }
      const auto written = static_cast<uint32_t>(std::min<uint64_t>((*chain)->writable_bytes(), UINT32_MAX));
      active_->queues[index]->push(std::move(**chain), written);
    }
  }
  std::vector<VirtQueue::State> reset() override {
    std::vector<VirtQueue::State> states(kSizes.size());
    active_.reset();
    return states;
  }
  [[nodiscard]] bool is_active() const { return active_.has_value(); }

 private:
  static constexpr std::array<uint16_t, 3> kSizes{16, 16, 16};
  std::optional<Activation> active_;
};

// The first is guest memory of 64 KiB, the others are events and what is neither.
std::array<UniqueFd, 4> make_descriptors() {
  std::array<UniqueFd, 4> fds;
  fds[0].reset(::memfd_create("fuzz", MFD_CLOEXEC));
  if (::ftruncate(fds[0].get(), 65536) < 0) {
    std::abort();
  }
  fds[1].reset(::eventfd(1, EFD_CLOEXEC));
  fds[2].reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  fds[3].reset(::open("/dev/zero", O_PATH | O_CLOEXEC));
  return fds;
}

void send_record(int socket, std::span<const uint8_t> bytes, size_t count, int fd) {
  iovec part{.iov_base = const_cast<uint8_t*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(15 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(CMSG_DATA(head) + i * sizeof(int), &fd, sizeof(int));
    }
  }
  [[maybe_unused]] const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto loop = EventLoop::create().value();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    std::abort();
  }
  UniqueFd front(ends[0]);
  GreedyDevice device;
  auto server =
      vhost_user::Server::create(device, *loop, UniqueFd(ends[1]), vhost_user::Server::ConfigSpace::ours,
                                 [&](const Error&) { loop->stop(); });
  const auto fds = make_descriptors();
  std::span<const uint8_t> rest(data, size);
  while (rest.size() > 2) {
    const size_t count = rest[0] & 15U;
    const int fd = fds[(rest[0] >> 4U) % fds.size()].get();
    const size_t length = std::min<size_t>(rest[1], rest.size() - 2);
    if (length > 0) {
      send_record(front.get(), rest.subspan(2, length), count, fd);
    }
    rest = rest.subspan(2 + length);
  }
  ::shutdown(front.get(), SHUT_WR);
  if (!loop->run() || device.is_active()) {
    std::abort();
  }
  return 0;
}
