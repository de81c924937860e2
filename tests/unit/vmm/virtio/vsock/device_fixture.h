// SPDX-License-Identifier: Apache-2.0
// The vsock device between a fake guest and sockets of the host.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/support/virtio/fake_vsock_guest.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::vmm::vsock {

constexpr uint32_t kHostPort = 1024;    // with a handler
constexpr uint32_t kGuestPort = 50000;  // where the guest connects from

class vsock : public ::testing::Test {
 protected:
  vsock() {
    EXPECT_TRUE(guest_.muxer().on_guest_connect(kHostPort, [this](UniqueFd fd) { host_ = std::move(fd); }));
  }

  static Header packet(Op op, uint32_t flags = 0) {
    return {.src_port = kGuestPort, .dst_port = kHostPort, .op = op, .flags = flags};
  }
  void expect_reset() {
    const auto answer = guest_.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header.op, Op::rst);
  }
  void expect_silence() { EXPECT_FALSE(guest_.receive()); }
  // The guest connects; host_ is the host's end.
  void connect_from_guest() {
    guest_.send(packet(Op::request));
    const auto answer = guest_.receive();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->header.op, Op::response);
    guest_.loop().step();
    ASSERT_TRUE(host_);
  }
  std::string host_reads(size_t size = 4096) {
    std::string text(size, '\0');
    const ssize_t n = ::recv(host_.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }
  // 0: end of file; -1: nothing to read.
  ssize_t host_peeks() {
    char byte = 0;
    return ::recv(host_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  }
  void host_writes(std::string_view text) {
    ASSERT_EQ(::send(host_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  test::FakeVsockGuest guest_;
  UniqueFd host_;
};

}  // namespace caisson::vmm::vsock
