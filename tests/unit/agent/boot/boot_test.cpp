// SPDX-License-Identifier: Apache-2.0
#include "agent/boot/boot.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/unit/agent/child/child_fixture.h"

namespace caisson::agent {
namespace {

TEST_F(ChildSteps, standard_descriptors_are_taken_and_no_others) {
  test::in_namespaces([] {
    std::array<int, 4> flags{};
    {
      const KeptStdio kept;
      for (int fd = 0; fd < 4; ++fd) {
        ::close(fd);
      }
      occupy_stdio();
      for (int fd = 0; fd < 4; ++fd) {
        flags.at(static_cast<size_t>(fd)) = ::fcntl(fd, F_GETFL);
      }
    }
    for (size_t fd = 0; fd < 3; ++fd) {
      EXPECT_GE(flags.at(fd), 0) << fd;
      EXPECT_NE(flags.at(fd) & O_PATH, 0) << "who reads or writes it does nothing";
    }
    EXPECT_EQ(flags[3], -1);
  });
}

}  // namespace
}  // namespace caisson::agent
