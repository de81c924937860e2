// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "common/socket_path.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class Console : public ::testing::Test {
 protected:
  Console() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketPath place = SocketPath::of(path_).value();
    EXPECT_EQ(::bind(listener_.get(), place.address(), SocketPath::size()), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
  }
  // What the engine is sent: a descriptor, and the text with it.
  UniqueFd received(std::string& text) {
    const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
    std::array<char, 4096> bytes{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC);
    text.assign(bytes.data(), size > 0 ? static_cast<size_t>(size) : 0);
    int fd = -1;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message)) std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return UniqueFd(fd);
  }

  test::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "console.sock";
  UniqueFd listener_;
};

TEST_F(Console, process_without_a_terminal_has_none) {
  const auto pty = open_console({});
  ASSERT_TRUE(pty) << pty.error().message;
  EXPECT_FALSE(*pty);
}

TEST_F(Console, socket_without_a_terminal_is_refused) {
  const auto pty = open_console({.socket = path_});
  ASSERT_FALSE(pty);
  EXPECT_EQ(pty.error().code, EINVAL);
  EXPECT_EQ(pty.error().message,
            "cannot use console socket if caisson will not allocate tty; set process.terminal");
}

TEST_F(Console, terminal_that_nobody_would_have_is_refused) {
  const auto pty = open_console({.terminal = true, .detached = true});
  ASSERT_FALSE(pty);
  EXPECT_EQ(pty.error().code, EINVAL);
  EXPECT_THAT(
      pty.error().message,
      ::testing::StartsWith("cannot allocate tty if caisson will detach without setting console socket"));
}

TEST_F(Console, who_stays_keeps_the_master) {
  const auto pty = open_console({.terminal = true});
  ASSERT_TRUE(pty && *pty);
  EXPECT_TRUE((*pty)->master);
  EXPECT_EQ(::isatty((*pty)->slave.get()), 1);
}

TEST_F(Console, engine_gets_the_master_and_its_name) {
  const auto pty = open_console({.terminal = true, .socket = path_, .detached = true});
  ASSERT_TRUE(pty && *pty);
  EXPECT_FALSE((*pty)->master) << "it has been handed over";
  std::string text;
  const UniqueFd master = received(text);
  EXPECT_EQ(text, (*pty)->slave_path);
  ASSERT_EQ(::write(master.get(), "x\n", 2), 2);
  char byte = 0;
  EXPECT_EQ(::read((*pty)->slave.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}

TEST_F(Console, has_the_size_that_is_asked_for) {
  const auto pty = open_console({.terminal = true, .size = oci::ConsoleSize{.height = 25, .width = 80}});
  ASSERT_TRUE(pty && *pty);
  EXPECT_EQ(window_size((*pty)->slave.get()), (WindowSize{.rows = 25, .columns = 80}));
  const auto largest =
      open_console({.terminal = true, .size = oci::ConsoleSize{.height = 65536 + 1, .width = UINT32_MAX}});
  ASSERT_TRUE(largest && *largest);
  EXPECT_EQ(window_size((*largest)->slave.get()), (WindowSize{.rows = 65535, .columns = 65535}))
      << "and no remainder of it";
}

TEST_F(Console, engine_that_is_not_there_is_an_error) {
  const auto pty = open_console({.terminal = true, .socket = scratch_ / "none"});
  ASSERT_FALSE(pty);
  EXPECT_EQ(pty.error().code, ENOENT);
  EXPECT_THAT(pty.error().message, ::testing::StartsWith("console socket: connect to "));
}

}  // namespace
}  // namespace caisson::runtime
