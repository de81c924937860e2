// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/guest_ports.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace caisson::vmm::vsock {
namespace {

constexpr uint32_t kPort = 1024;

int code_of(const Result<void>& result) {
  return result ? 0 : result.error().code;
}

TEST(vsock_guest_ports, port_of_nobody_is_refused) {
  const GuestPorts ports;
  const auto opened = ports.open(kPort);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ECONNREFUSED);
}

TEST(vsock_guest_ports, handler_gets_the_other_end_when_it_is_told) {
  GuestPorts ports;
  UniqueFd handed;
  ASSERT_TRUE(ports.handle(kPort, [&](UniqueFd fd) { handed = std::move(fd); }));
  const auto opened = ports.open(kPort);
  ASSERT_TRUE(opened);
  EXPECT_FALSE(handed);
  opened->tell();
  ASSERT_TRUE(handed);
  ASSERT_EQ(::send(opened->socket.get(), "hi", 2, 0), 2);
  char text[3] = {};
  EXPECT_EQ(::recv(handed.get(), text, sizeof(text), MSG_DONTWAIT), 2);
  EXPECT_STREQ(text, "hi");
}

TEST(vsock_guest_ports, other_end_that_nobody_is_told_of_is_closed) {
  GuestPorts ports;
  ASSERT_TRUE(ports.handle(kPort, [](UniqueFd) {}));
  auto opened = ports.open(kPort);
  ASSERT_TRUE(opened);
  opened->tell = {};
  char byte = 0;
  EXPECT_EQ(::recv(opened->socket.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST(vsock_guest_ports, port_has_one_handler_until_it_is_taken_away) {
  GuestPorts ports;
  ASSERT_TRUE(ports.handle(kPort, [](UniqueFd) {}));
  EXPECT_EQ(code_of(ports.handle(kPort, [](UniqueFd) {})), EADDRINUSE);
  EXPECT_TRUE(ports.handle(kPort + 1, [](UniqueFd) {}));
  ASSERT_TRUE(ports.handle(kPort, {}));
  EXPECT_FALSE(ports.open(kPort));
  EXPECT_TRUE(ports.open(kPort + 1));
  EXPECT_TRUE(ports.handle(kPort, [](UniqueFd) {}));
}

TEST(vsock_guest_ports, ports_of_the_hosts_own_connections_are_no_ones) {
  GuestPorts ports;
  EXPECT_EQ(code_of(ports.handle(GuestPorts::kEnd, [](UniqueFd) {})), EINVAL);
  EXPECT_EQ(code_of(ports.forward(GuestPorts::kEnd, [] { return Result<UniqueFd>(UniqueFd()); })), EINVAL);
  EXPECT_TRUE(ports.handle(GuestPorts::kEnd - 1, [](UniqueFd) {}));
}

TEST(vsock_guest_ports, forwarded_port_is_dialled_for_each_connection) {
  GuestPorts ports;
  int dialled = 0;
  ASSERT_TRUE(ports.forward(kPort, [&] {
    ++dialled;
    return Result<UniqueFd>(UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  }));
  const auto opened = ports.open(kPort);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->socket.is_valid());
  EXPECT_FALSE(opened->tell);
  EXPECT_TRUE(ports.open(kPort));
  EXPECT_EQ(dialled, 2);
}

TEST(vsock_guest_ports, dial_that_fails_tells_why) {
  GuestPorts ports;
  ASSERT_TRUE(ports.forward(kPort, []() -> Result<UniqueFd> { return fail(ENOENT, "dial"); }));
  const auto opened = ports.open(kPort);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ENOENT);
}

TEST(vsock_guest_ports, port_with_a_handler_is_not_forwarded) {
  GuestPorts ports;
  ASSERT_TRUE(ports.handle(kPort, [](UniqueFd) {}));
  EXPECT_EQ(code_of(ports.forward(kPort, [] { return Result<UniqueFd>(UniqueFd()); })), EINVAL);
}

}  // namespace
}  // namespace caisson::vmm::vsock
