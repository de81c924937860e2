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

#include "tests/support/scratch_directory.h"
#include "tests/support/unix_listener.h"

namespace caisson::runtime {
namespace {

using test::listen_at;
using test::receive;
using test::Received;

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
