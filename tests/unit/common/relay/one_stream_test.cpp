// SPDX-License-Identifier: Apache-2.0
#include "common/relay/one_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "common/unique_fd.h"

namespace caisson {
namespace {

UniqueFd reopened(const UniqueFd& fd, int flags) {
  return UniqueFd(::open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), flags | O_CLOEXEC));
}

TEST(OneStream, duplicates_of_a_file_are_one_and_another_opening_is_not) {
  const UniqueFd file(::memfd_create("one-stream", MFD_CLOEXEC));
  const UniqueFd duplicate(::dup(file.get()));
  const UniqueFd other = reopened(file, O_RDWR);
  EXPECT_TRUE(is_one_stream(file.get(), duplicate.get()));
  EXPECT_FALSE(is_one_stream(file.get(), other.get()));
}

TEST(OneStream, a_pipe_is_one_however_it_was_opened) {
  std::array<int, 2> ends{};
  std::array<int, 2> others{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(others.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  const UniqueFd other_reader(others[0]);
  const UniqueFd other_writer(others[1]);
  const UniqueFd again = reopened(writer, O_WRONLY);
  EXPECT_TRUE(is_one_stream(writer.get(), again.get()));
  EXPECT_FALSE(is_one_stream(writer.get(), other_writer.get()));
}

TEST(OneStream, the_ends_of_a_socket_pair_are_two) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd a(ends[0]);
  const UniqueFd b(ends[1]);
  const UniqueFd duplicate(::dup(a.get()));
  EXPECT_FALSE(is_one_stream(a.get(), b.get()));
  EXPECT_TRUE(is_one_stream(a.get(), duplicate.get()));
}

TEST(OneStream, a_closed_descriptor_is_nobodys) {
  const UniqueFd file(::memfd_create("one-stream", MFD_CLOEXEC));
  EXPECT_FALSE(is_one_stream(file.get(), -1));
  EXPECT_FALSE(is_one_stream(-1, -1));
}

}  // namespace
}  // namespace caisson
