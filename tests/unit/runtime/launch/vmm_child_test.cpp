// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/vmm_child.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/unique_fd.h"

namespace caisson::runtime {
namespace {

using ::testing::ElementsAre;

ino_t inode(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
}

// Whether it is so of the descriptors that a child has placed, by what it exits with.
template <typename Check>
bool holds_in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(check() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class PlacedDescriptors : public ::testing::Test {
 protected:
  UniqueFd first_{::memfd_create("first", MFD_CLOEXEC)};
  UniqueFd second_{::memfd_create("second", MFD_CLOEXEC)};
  UniqueFd third_{::memfd_create("third", MFD_CLOEXEC)};
};

TEST_F(PlacedDescriptors, each_is_a_copy_of_its_source) {
  EXPECT_TRUE(holds_in_child([&] {
    const ino_t wanted[] = {inode(first_.get()), inode(second_.get()), inode(third_.get())};
    return place_descriptors({first_.get(), second_.get(), third_.get()}) && inode(0) == wanted[0] &&
           inode(1) == wanted[1] && inode(2) == wanted[2];
  }));
}

// Their sources have each other's numbers: placed one after the other, the first would overwrite the
// second's.
TEST_F(PlacedDescriptors, none_overwrites_one_still_needed) {
  EXPECT_TRUE(holds_in_child([&] {
    const ino_t first = inode(first_.get());
    const ino_t second = inode(second_.get());
    return ::dup2(first_.get(), 0) == 0 && ::dup2(second_.get(), 1) == 1 && place_descriptors({1, 0, 1}) &&
           inode(0) == second && inode(1) == first && inode(2) == second;
  }));
}

TEST_F(PlacedDescriptors, are_kept_by_what_is_executed_and_no_others) {
  EXPECT_TRUE(holds_in_child([&] {
    const int kept = ::fcntl(third_.get(), F_DUPFD, 50);
    if (kept < 50 || !place_descriptors({first_.get(), second_.get(), third_.get()})) return false;
    return ::fcntl(0, F_GETFD) == 0 && ::fcntl(1, F_GETFD) == 0 && ::fcntl(2, F_GETFD) == 0 &&
           ::fcntl(kept, F_GETFD) == FD_CLOEXEC;
  }));
}

TEST_F(PlacedDescriptors, source_that_is_not_open_is_an_error) {
  EXPECT_TRUE(holds_in_child([&] { return !place_descriptors({first_.get(), -1}) && errno == EBADF; }));
}

TEST(VmmEnvironment, is_what_finds_programs_and_configures_it) {
  const char* environment[] = {
      "PATH=/bin",          "SECRET=1",      "CAISSON_QEMU=x", "HOME=/root",  "PATHOLOGY=1", "TMPDIR=/t",
      "XDG_RUNTIME_DIR=/r", "LD_PRELOAD=/x", "HOMEX=1",        "XCAISSON_=1", nullptr};
  EXPECT_THAT(vmm_environment(environment),
              ElementsAre("PATH=/bin", "CAISSON_QEMU=x", "HOME=/root", "TMPDIR=/t", "XDG_RUNTIME_DIR=/r"));
  const char* none[] = {nullptr};
  EXPECT_THAT(vmm_environment(none), ElementsAre());
}

}  // namespace
}  // namespace caisson::runtime
