// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch/preserved_descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"

namespace caisson::runtime {
namespace {

TEST(PreservedDescriptor, files_are_files_with_what_may_be_done_to_them) {
  const UniqueFd both(::memfd_create("preserved", MFD_CLOEXEC));
  const auto found = find_file_or_device(both.get());
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_file && found->reads && found->writes);
  EXPECT_FALSE(found->appends);
  const std::string again = "/proc/self/fd/" + std::to_string(both.get());
  const UniqueFd log(::open(again.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  EXPECT_TRUE(find_file_or_device(log.get())->appends);
  EXPECT_FALSE(find_file_or_device(log.get())->reads);
  const UniqueFd path(::open(again.c_str(), O_PATH | O_CLOEXEC));
  EXPECT_FALSE(find_file_or_device(path.get()));
}

TEST(PreservedDescriptor, memory_devices_are_told_by_their_number) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const auto found = find_file_or_device(full.get());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->device_minor, 7U);
  EXPECT_FALSE(found->is_file);
}

TEST(PreservedDescriptor, what_may_wait_for_somebody_is_a_stream) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  EXPECT_FALSE(find_file_or_device(reader.get()));
  EXPECT_FALSE(find_file_or_device(writer.get()));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(find_file_or_device(socket.get()));
  // A file of the kernel's; some of these wait.
  const UniqueFd setting(::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(find_file_or_device(setting.get()));
  EXPECT_FALSE(find_file_or_device(-1));
}

TEST(PreservedDescriptor, words_for_the_agent_name_a_file_and_nothing_else) {
  agent::v1::PreservedDescriptor words;
  fill_descriptor({.number = 5, .reads = true, .is_file = true, .appends = true}, 9, words);
  EXPECT_EQ(words.served_name(), "fd-9-5");
  EXPECT_TRUE(words.appends() && words.reads() && !words.writes());
  words.Clear();
  fill_descriptor({.number = 1, .writes = true, .device_minor = 3}, 9, words);
  EXPECT_EQ(words.served_name(), "");
  EXPECT_EQ(words.device_minor(), 3U);
}

}  // namespace
}  // namespace caisson::runtime
