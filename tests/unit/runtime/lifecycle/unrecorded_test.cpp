// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/unrecorded.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/unique_fd.h"
#include "runtime/system/process_identity.h"
#include "tests/support/scratch_directory.h"

namespace caisson::runtime {
namespace {

class Unrecorded : public ::testing::Test {
 protected:
  // A process that serves the control socket, as caisson-vmm would.
  pid_t serve() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, directory().control_socket().c_str(), sizeof(address.sun_path) - 1);
      if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0 ||
          ::listen(listener, 8) < 0 || ::write(ends[1], "r", 1) != 1) {
        ::_exit(1);
      }
      ::pause();
    }
    const UniqueFd reader(ends[0]);
    ::close(ends[1]);  // or a child that fails would keep us reading
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 1);
    return pid;
  }
  [[nodiscard]] const ContainerDirectory& directory() const { return locked_->directory(); }

  test::ScratchDirectory scratch_;
  StateRoot root_{(scratch_.path() / "root").string()};
  Result<LockedContainer> locked_ = root_.reserve("box");
};

TEST_F(Unrecorded, its_machine_is_found_by_the_control_socket_and_ended) {
  ASSERT_TRUE(directory().write("state.json", "{"));
  EXPECT_EQ(directory().load().error().code, EBADMSG);
  const ProcessIdentity machine = *ProcessIdentity::of(serve());
  ASSERT_TRUE(destroy_unrecorded(root_, directory(), "box", true));
  EXPECT_FALSE(machine.is_alive());
  ::waitpid(machine.pid, nullptr, 0);
  EXPECT_TRUE(root_.list()->empty());
}

TEST_F(Unrecorded, one_whose_machine_runs_is_left_alone_unless_forced) {
  const ProcessIdentity machine = *ProcessIdentity::of(serve());
  const auto refused = destroy_unrecorded(root_, directory(), "box", false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EBUSY);
  EXPECT_NE(refused.error().message.find("--force"), std::string::npos);
  EXPECT_TRUE(machine.is_alive());
  ::kill(machine.pid, SIGKILL);
  ::waitpid(machine.pid, nullptr, 0);
}

TEST_F(Unrecorded, one_whose_machine_has_gone_is_taken_away) {
  const ProcessIdentity machine = *ProcessIdentity::of(serve());
  ::kill(machine.pid, SIGKILL);
  ::waitpid(machine.pid, nullptr, 0);
  ASSERT_TRUE(destroy_unrecorded(root_, directory(), "box", true));
  EXPECT_TRUE(root_.list()->empty());
}

TEST_F(Unrecorded, one_that_never_had_anything_is_taken_away) {
  ASSERT_TRUE(destroy_unrecorded(root_, directory(), "box", true));
  EXPECT_TRUE(root_.list()->empty());
}

}  // namespace
}  // namespace caisson::runtime
