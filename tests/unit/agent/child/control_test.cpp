// SPDX-License-Identifier: Apache-2.0
#include "agent/child/control.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

namespace caisson::agent {
namespace {

class ControlTest : public testing::Test {
 protected:
  // The other end of a Control that says whatever a test likes.
  static std::pair<UniqueFd, Control> raw_pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {UniqueFd(fds[0]), Control(UniqueFd(fds[1]))};
  }

  Control::Pair pair_ = std::move(Control::create_pair().value());
};

TEST_F(ControlTest, message_says_its_kind_and_nothing_waits_on_the_agents_end) {
  EXPECT_EQ(pair_.agent.receive().error().code, EAGAIN);
  ASSERT_TRUE(pair_.child.send(ControlKind::need_id_maps));
  const auto message = pair_.agent.receive();
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->kind, ControlKind::need_id_maps);
  EXPECT_FALSE((*message)->fd);
}

TEST_F(ControlTest, error_carries_code_and_words_and_no_more_of_them_than_may_be) {
  ASSERT_TRUE(pair_.child.send_error({.code = ENOENT, .message = "no such thing"}));
  const auto told = pair_.agent.receive();
  ASSERT_TRUE(told && *told);
  EXPECT_EQ((*told)->kind, ControlKind::error);
  EXPECT_EQ((*told)->error.code, ENOENT);
  EXPECT_EQ((*told)->error.message, "no such thing");
  ASSERT_TRUE(pair_.child.send_error({.code = EIO, .message = std::string(4097, 'x')}));
  EXPECT_EQ(pair_.agent.receive().value()->error.message, std::string(4096, 'x'));
}

TEST_F(ControlTest, error_without_a_code_is_one_all_the_same) {
  ASSERT_TRUE(pair_.child.send_error({.code = 0, .message = "x"}));
  EXPECT_EQ(pair_.agent.receive().value()->error.code, EIO);
}

TEST_F(ControlTest, terminal_comes_as_a_descriptor_that_no_program_inherits) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const UniqueFd reader(pipe[0]);
  const UniqueFd writer(pipe[1]);
  ASSERT_TRUE(pair_.child.send_terminal(writer));
  const auto message = pair_.agent.receive();
  ASSERT_TRUE(message && *message);
  EXPECT_EQ((*message)->kind, ControlKind::terminal);
  ASSERT_TRUE((*message)->fd);
  EXPECT_EQ(::fcntl((*message)->fd.get(), F_GETFD), FD_CLOEXEC);
  struct stat sent {};
  struct stat received {};
  ASSERT_EQ(::fstat(writer.get(), &sent), 0);
  ASSERT_EQ(::fstat((*message)->fd.get(), &received), 0);
  EXPECT_EQ(sent.st_ino, received.st_ino);
}

TEST_F(ControlTest, end_of_file_is_no_message) {
  { const Control gone = std::move(pair_.child); }
  const auto end = pair_.agent.receive();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST_F(ControlTest, message_shorter_than_a_header_is_refused) {
  auto [other, control] = raw_pair();
  const std::array<char, 7> bytes{};
  ASSERT_EQ(::send(other.get(), bytes.data(), bytes.size(), 0), 7);
  const auto refused = control.receive();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EPROTO);
  EXPECT_EQ(refused.error().message, "read control socket: short message");
  const std::array<char, 8> whole{};
  ASSERT_EQ(::send(other.get(), whole.data(), whole.size(), 0), 8);
  EXPECT_TRUE(control.receive());
}

TEST_F(ControlTest, only_the_message_that_is_waited_for_is_taken_for_it) {
  ASSERT_TRUE(pair_.agent.send(ControlKind::go));
  EXPECT_TRUE(pair_.child.expect(ControlKind::go));
  ASSERT_TRUE(pair_.agent.send(ControlKind::id_maps_written));
  EXPECT_EQ(pair_.child.expect(ControlKind::go).error().code, ECANCELED);
  { const Control gone = std::move(pair_.agent); }
  EXPECT_EQ(pair_.child.expect(ControlKind::go).error().code, ECANCELED);
}

TEST_F(ControlTest, socket_moves_above_the_numbers_of_others) {
  ASSERT_TRUE(pair_.child.move_above(400));
  EXPECT_GE(pair_.child.fd(), 400);
  EXPECT_EQ(::fcntl(pair_.child.fd(), F_GETFD), FD_CLOEXEC);
  ASSERT_TRUE(pair_.agent.send(ControlKind::go));
  EXPECT_TRUE(pair_.child.expect(ControlKind::go));
}

}  // namespace
}  // namespace caisson::agent
