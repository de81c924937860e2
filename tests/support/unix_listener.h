// SPDX-License-Identifier: Apache-2.0
// The other end of what connects to a Unix socket: a listener, and one message as it arrives there.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "common/received_descriptors.h"
#include "common/socket_path.h"
#include "common/unique_fd.h"

namespace caisson::test {

inline UniqueFd listen_at(const std::string& path) {
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketPath place = SocketPath::of(path).value();
  EXPECT_EQ(::bind(listener.get(), place.address(), SocketPath::size()), 0);
  EXPECT_EQ(::listen(listener.get(), 8), 0);
  return listener;
}

struct Received {
  std::string text;
  std::vector<UniqueFd> descriptors;
};

// One message of `socket`: at most 4096 bytes, and as many descriptors as the kernel sends at once.
inline Received receive(int socket) {
  constexpr size_t kMostOfTheKernel = 253;  // [unix(7)] SCM_MAX_FD
  Received received;
  std::array<char, 4096> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostOfTheKernel * sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  received.text.assign(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  collect_descriptors(message, received.descriptors);
  return received;
}

}  // namespace caisson::test
