// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/scratch_directory.h"
#include "tests/support/unix_listener.h"

namespace caisson::runtime {
namespace {

class Console : public ::testing::Test {
 protected:
  test::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "console.sock";
  UniqueFd listener_ = test::listen_at(path_);
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
  const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
  const test::Received received = test::receive(client.get());
  EXPECT_EQ(received.text, (*pty)->slave_path);
  ASSERT_EQ(received.descriptors.size(), 1U);
  ASSERT_EQ(::write(received.descriptors[0].get(), "x\n", 2), 2);
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
