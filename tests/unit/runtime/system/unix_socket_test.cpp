// SPDX-License-Identifier: Apache-2.0
#include "runtime/system/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <vector>

#include "common/socket_path.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

struct Received {
  std::string text;
  std::vector<UniqueFd> descriptors;
};

Received receive(int socket) {
  Received received;
  std::array<char, 256> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  received.text.assign(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    for (size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
      received.descriptors.emplace_back(fd);
    }
  }
  return received;
}

ino_t inode(int fd) {
  struct stat info {};
  EXPECT_EQ(::fstat(fd, &info), 0);
  return info.st_ino;
}

class UnixSocket : public ::testing::Test {
 protected:
  UnixSocket() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }
  static UniqueFd listen_at(const std::string& path) {
    UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketPath place = SocketPath::of(path).value();
    EXPECT_EQ(::bind(listener.get(), place.address(), SocketPath::size()), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    return listener;
  }

  test::ScratchDirectory scratch_;
  UniqueFd ours_;
  UniqueFd theirs_;
  UniqueFd file_{::memfd_create("sent", MFD_CLOEXEC)};
  UniqueFd other_{::memfd_create("sent", MFD_CLOEXEC)};
};

TEST_F(UnixSocket, one_descriptor_goes_with_its_text) {
  ASSERT_TRUE(send_descriptor(ours_.get(), file_.get(), "text"));
  const Received received = receive(theirs_.get());
  EXPECT_EQ(received.text, "text");
  ASSERT_EQ(received.descriptors.size(), 1U);
  EXPECT_EQ(inode(received.descriptors[0].get()), inode(file_.get()));
}

TEST_F(UnixSocket, several_descriptors_keep_their_order) {
  const std::array fds = {file_.get(), other_.get(), file_.get()};
  ASSERT_TRUE(send_descriptors(ours_.get(), fds, "x"));
  const Received received = receive(theirs_.get());
  ASSERT_EQ(received.descriptors.size(), 3U);
  EXPECT_EQ(inode(received.descriptors[0].get()), inode(file_.get()));
  EXPECT_EQ(inode(received.descriptors[1].get()), inode(other_.get()));
  EXPECT_EQ(inode(received.descriptors[2].get()), inode(file_.get()));
}

TEST_F(UnixSocket, descriptors_are_counted) {
  std::vector<int> fds(kMostSent, file_.get());
  ASSERT_TRUE(send_descriptors(ours_.get(), fds, "x"));
  EXPECT_EQ(receive(theirs_.get()).descriptors.size(), kMostSent);
  fds.push_back(file_.get());
  EXPECT_EQ(send_descriptors(ours_.get(), fds, "x").error().code, E2BIG);
  EXPECT_EQ(send_descriptors(ours_.get(), {}, "x").error().code, E2BIG);
}

TEST_F(UnixSocket, who_has_hung_up_is_an_error_and_no_signal) {
  theirs_.reset();
  const auto sent = send_descriptor(ours_.get(), file_.get(), "x");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, EPIPE);
}

TEST_F(UnixSocket, path_may_be_longer_than_the_kernels_field) {
  const std::string directory = (scratch_ / std::string(100, 'd')).string();
  std::filesystem::create_directory(directory);
  const UniqueFd listener = listen_at(directory + "/" + std::string(80, 's'));
  EXPECT_TRUE(connect_unix(directory + "/" + std::string(80, 's')));
  const auto absent = connect_unix(scratch_ / "none");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_EQ(absent.error().message,
            "connect to " + (scratch_ / "none").string() + ": No such file or directory");
}

TEST_F(UnixSocket, pidfd_is_sent_in_runcs_words) {
  const UniqueFd listener = listen_at(scratch_ / "s");
  ASSERT_TRUE(send_pidfd(scratch_ / "s", file_.get()));
  const UniqueFd client(::accept(listener.get(), nullptr, nullptr));
  const Received received = receive(client.get());
  EXPECT_EQ(received.text, "pidfd");
  ASSERT_EQ(received.descriptors.size(), 1U);
  EXPECT_EQ(inode(received.descriptors[0].get()), inode(file_.get()));
}

}  // namespace
}  // namespace caisson::runtime
