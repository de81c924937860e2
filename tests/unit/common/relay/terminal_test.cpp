// SPDX-License-Identifier: Apache-2.0
#include "common/relay/terminal.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace caisson {
namespace {

TEST(Terminal, raw_mode_is_undone) {
  const PtyPair pty = open_pty().value();
  termios before{};
  ASSERT_EQ(::tcgetattr(pty.slave.get(), &before), 0);
  ASSERT_NE(before.c_lflag & ICANON, 0U);
  {
    const auto raw = RawMode::enter(pty.slave.get());
    ASSERT_TRUE(raw);
    termios during{};
    ASSERT_EQ(::tcgetattr(pty.slave.get(), &during), 0);
    EXPECT_EQ(during.c_lflag & (ICANON | ECHO | ISIG), 0U);
  }
  termios after{};
  ASSERT_EQ(::tcgetattr(pty.slave.get(), &after), 0);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
}

TEST(Terminal, window_size_set_on_the_master_is_seen_on_the_slave) {
  const PtyPair pty = open_pty().value();
  ASSERT_TRUE(set_window_size(pty.master.get(), {.rows = 33, .columns = 77}));
  const auto size = window_size(pty.slave.get());
  ASSERT_TRUE(size);
  EXPECT_EQ(size->rows, 33);
  EXPECT_EQ(size->columns, 77);
}

TEST(Terminal, raw_mode_of_something_else_is_refused) {
  const UniqueFd file(::memfd_create("no terminal", 0));
  EXPECT_FALSE(RawMode::enter(file.get()));
  EXPECT_FALSE(window_size(file.get()));
}

}  // namespace
}  // namespace caisson
