// SPDX-License-Identifier: Apache-2.0
#include "common/received_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace caisson {
namespace {

class ReceivedDescriptors : public testing::Test {
 protected:
  ReceivedDescriptors() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    one_.reset(ends[0]);
    other_.reset(ends[1]);
  }
  // `count` copies of a descriptor, with credentials before them where wanted.
  void send(size_t count, bool with_credentials) const {
    alignas(cmsghdr) std::array<char, 4096> control{};
    char byte = 'x';
    iovec part{.iov_base = &byte, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    size_t used = 0;
    if (with_credentials) {
      const ucred own{.pid = ::getpid(), .uid = ::geteuid(), .gid = ::getegid()};
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_CREDENTIALS;
      header->cmsg_len = CMSG_LEN(sizeof(own));
      std::memcpy(CMSG_DATA(header), &own, sizeof(own));
      used += CMSG_SPACE(sizeof(own));
      header = reinterpret_cast<cmsghdr*>(control.data() + used);
    }
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; ++i) {
      const int fd = one_.get();
      std::memcpy(CMSG_DATA(header) + i * sizeof(fd), &fd, sizeof(fd));
    }
    message.msg_controllen = used + CMSG_SPACE(count * sizeof(int));
    ASSERT_EQ(::sendmsg(one_.get(), &message, 0), 1) << std::strerror(errno);
  }
  std::vector<UniqueFd> receive() const {
    alignas(cmsghdr) std::array<char, 4096> control{};
    char byte = 0;
    iovec part{.iov_base = &byte, .iov_len = 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    EXPECT_EQ(::recvmsg(other_.get(), &message, MSG_CMSG_CLOEXEC), 1);
    std::vector<UniqueFd> fds;
    collect_descriptors(message, fds);
    return fds;
  }

  UniqueFd one_;
  UniqueFd other_;
};

TEST_F(ReceivedDescriptors, every_one_is_taken) {
  for (const size_t count : {size_t{1}, size_t{2}, size_t{253}}) {
    send(count, false);
    const std::vector<UniqueFd> fds = receive();
    ASSERT_EQ(fds.size(), count);
    for (const UniqueFd& fd : fds) {
      EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
    }
  }
}

TEST_F(ReceivedDescriptors, what_is_no_descriptor_is_passed_over) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(other_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
  send(2, true);
  EXPECT_EQ(receive().size(), 2U);
}

TEST_F(ReceivedDescriptors, message_without_any_has_none) {
  ASSERT_EQ(::send(one_.get(), "x", 1, 0), 1);
  EXPECT_TRUE(receive().empty());
}

}  // namespace
}  // namespace caisson
