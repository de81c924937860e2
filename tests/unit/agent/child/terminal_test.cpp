// SPDX-License-Identifier: Apache-2.0
// The terminal of a process.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/support/agent_container.h"

namespace caisson::test {
namespace {

TEST_F(AgentContainer, terminal_has_its_size_echoes_and_is_the_console) {
  auto request = container_request(
      "c", 1, {"sh", "-c", "tty; stty size; ls -l /dev/console | wc -l; read x; echo got $x"});
  request.mutable_init()->set_terminal(true);
  request.mutable_init()->mutable_console_size()->set_rows(33);
  request.mutable_init()->mutable_console_size()->set_columns(77);
  const UniqueFd terminal = stream(StreamKind::terminal, 1);
  ASSERT_TRUE(client_->create_container(request, soon()));
  ASSERT_TRUE(client_->start_container("c", soon()));
  ASSERT_EQ(::send(terminal.get(), "hello\n", 6, MSG_NOSIGNAL), 6);
  const std::string out = read_all(terminal);
  // The terminal echoes the host's line whenever it arrives: between any two of the program's.
  EXPECT_NE(out.find("/dev/pts/0\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("33 77\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("\n1\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("hello\r\n"), std::string::npos) << out;
  EXPECT_NE(out.find("got hello\r\n"), std::string::npos) << out;
  EXPECT_EQ(client_->wait_process(1, soon())->exit_code, 0U);
}

}  // namespace
}  // namespace caisson::test
