// SPDX-License-Identifier: Apache-2.0
// The terminal of a process.
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "tests/support/agent_container.h"
#include "tests/unit/agent/child/child_fixture.h"

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

namespace caisson::agent {
namespace {

class ChildTerminal : public ChildSteps {
 protected:
  void lay_out() {
    make_root();
    make_directory("/dev/pts");
    process_.set_terminal(true);
  }
  void mount_devpts() {
    ASSERT_EQ(::mount("devpts", in_root("/dev/pts").c_str(), "devpts", 0, "newinstance,ptmxmode=0666"), 0);
  }
  // With stdio as it was afterwards.
  Result<void> open() {
    const KeptStdio kept;
    return open_terminal(child_);
  }
};

TEST_F(ChildTerminal, multiplexer_that_is_something_else_is_refused) {
  test::in_namespaces([this] {
    lay_out();
    const std::string refusal =
        "open terminal: /dev/pts/ptmx is not a terminal multiplexer; mount devpts at /dev/pts";
    EXPECT_EQ(open().error().code, ENOENT);
    const std::string path = in_root("/dev/pts/ptmx");
    write_file(path, "");
    expect_error(open(), ENODEV, refusal);
    std::filesystem::remove(path);
    ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0666, makedev(5, 2)), 0);
    expect_error(open(), ENODEV, refusal);  // the device, and not on a devpts
    std::filesystem::remove(path);
    mount_devpts();
    const UniqueFd master(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(master);
    int unlocked = 0;
    ASSERT_EQ(::ioctl(master.get(), TIOCSPTLCK, &unlocked), 0);
    ASSERT_EQ(::mount(in_root("/dev/pts/0").c_str(), path.c_str(), nullptr, MS_BIND, nullptr), 0);
    expect_error(open(), ENODEV, refusal);  // of devpts, and not the device
  });
}

TEST_F(ChildTerminal, has_its_size_as_far_as_there_can_be_and_newlines_as_asked) {
  for (const bool plain : {false, true}) {
    test::in_namespaces([this, plain] {
      lay_out();
      mount_devpts();
      process_.set_plain_newlines(plain);
      process_.mutable_console_size()->set_rows(0x10001);
      process_.mutable_console_size()->set_columns(0xffff);
      ::setsid();
      ASSERT_TRUE(open());
      const auto message = control_.agent.receive();
      ASSERT_TRUE(message && *message);
      EXPECT_EQ((*message)->kind, ControlKind::terminal);
      winsize size{};
      ASSERT_EQ(::ioctl((*message)->fd.get(), TIOCGWINSZ, &size), 0);
      EXPECT_EQ(size.ws_row, 0xffff);
      EXPECT_EQ(size.ws_col, 0xffff);
      termios mode{};
      ASSERT_EQ(::tcgetattr(child_.terminal.get(), &mode), 0);
      EXPECT_EQ((mode.c_oflag & ONLCR) == 0, plain);
      EXPECT_EQ(::tcgetsid(child_.terminal.get()), ::getpid()) << "it is not the controlling terminal";
    });
  }
}

TEST_F(ChildTerminal, none_is_opened_where_none_is_wanted) {
  EXPECT_TRUE(open_terminal(child_));
  EXPECT_FALSE(child_.terminal);
}

}  // namespace
}  // namespace caisson::agent
