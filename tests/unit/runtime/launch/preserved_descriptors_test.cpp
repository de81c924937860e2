// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/preserved_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

constexpr PreservedCount kAny{.preserved = 500, .listened = 0};

class Preserved : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_PID");
  }
  void TearDown() override { SetUp(); }

  // What is said of one descriptor.
  static Result<PreservedDescriptor> describe(int fd) {
    auto found = find_preserved(kAny, {fd});
    return found ? Result<PreservedDescriptor>(found->at(0)) : tl::unexpected(found.error());
  }
  static std::string refusal(int fd) {
    const auto found = describe(fd);
    return found ? "taken" : found.error().message;
  }
};

TEST_F(Preserved, open_descriptors_are_those_above_stdio) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto open = open_descriptors();
  EXPECT_TRUE(std::is_sorted(open.begin(), open.end()));
  EXPECT_NE(std::find(open.begin(), open.end(), null.get()), open.end());
  EXPECT_TRUE(
      std::all_of(open.begin(), open.end(), [](int fd) { return fd > 2 && ::fcntl(fd, F_GETFD) >= 0; }));
}

TEST_F(Preserved, pipes_have_a_direction_and_sockets_two) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  EXPECT_TRUE(describe(reader.get())->reads);
  EXPECT_FALSE(describe(reader.get())->writes);
  EXPECT_FALSE(describe(writer.get())->reads);
  EXPECT_TRUE(describe(writer.get())->writes);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const UniqueFd one(ends[0]);
  const UniqueFd other(ends[1]);
  EXPECT_TRUE(describe(one.get())->reads && describe(one.get())->writes);
}

TEST_F(Preserved, memory_devices_are_told_by_their_number) {
  const UniqueFd zero(::open("/dev/zero", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(describe(zero.get())->device_minor, 5U);
}

TEST_F(Preserved, what_is_no_stream_is_refused_with_its_number) {
  const UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_NE(refusal(directory.get()).find("bind mount"), std::string::npos);
  const UniqueFd path(::open("/dev/null", O_PATH | O_CLOEXEC));
  EXPECT_NE(refusal(path.get()).find("bind mount"), std::string::npos);
  const UniqueFd messages(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal(messages.get()).find("socket of messages"), std::string::npos);
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr unnamed{.sa_family = AF_UNIX,
                         .sa_data = {}};  // the kernel finds a name: unix(7), "Autobind"
  ASSERT_EQ(::bind(listener.get(), &unnamed, sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_NE(refusal(listener.get()).find("listening socket"), std::string::npos);
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  EXPECT_NE(refusal(event.get()).find("neither a pipe, a file nor a stream socket"), std::string::npos);
}

TEST_F(Preserved, only_those_counted_are_looked_at_and_a_closed_one_is_skipped) {
  const UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto found = find_preserved({.preserved = directory.get() - 3, .listened = 0}, {directory.get()});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(find_preserved(kAny, {})->empty());
}

TEST_F(Preserved, too_many_are_refused) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(find_preserved(kAny, std::vector<int>(33, null.get())).error().code, E2BIG);
}

TEST_F(Preserved, listened_ones_are_counted_where_they_are_meant_for_us) {
  ::setenv("LISTEN_FDS", "2", 1);
  EXPECT_EQ(count_preserved(1)->all(), 3);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(count_preserved(1)->all(), 3);
  ::setenv("LISTEN_PID", "1", 1);
  EXPECT_EQ(count_preserved(1)->all(), 1);
  ::unsetenv("LISTEN_PID");
  for (const char* bad : {"x", "-1", "1x", "99999999999999999999"}) {
    ::setenv("LISTEN_FDS", bad, 1);
    EXPECT_EQ(count_preserved(0).error().code, EINVAL) << bad;
  }
}

TEST_F(Preserved, counts_that_are_none_are_refused) {
  EXPECT_EQ(count_preserved(-1).error().code, EINVAL);
  EXPECT_EQ(count_preserved(512).error().code, EINVAL);
}

TEST_F(Preserved, environment_is_told_of_listened_ones_alone) {
  agent::v1::Process process;
  fill_preserved({{.number = 3, .reads = true}}, {.preserved = 1, .listened = 0}, 1, process);
  EXPECT_EQ(process.preserved_size(), 1);
  EXPECT_EQ(process.env_size(), 0);
  process.add_env("LISTEN_FDS=5");
  fill_preserved({}, {.preserved = 0, .listened = 2}, 1, process);
  ASSERT_EQ(process.env_size(), 2);
  EXPECT_EQ(process.env(0), "LISTEN_FDS=5");
  EXPECT_EQ(process.env(1), "LISTEN_PID=1");
}

}  // namespace
}  // namespace caisson::runtime
