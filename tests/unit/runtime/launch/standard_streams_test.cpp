// SPDX-License-Identifier: Apache-2.0
// Run in children, whose standard descriptors are what each test makes them.
#include "runtime/launch/standard_streams.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "common/unique_fd.h"
#include "protocol/agent/agent.pb.h"
#include "runtime/launch/preserved_descriptor.h"

namespace caisson::runtime {
namespace {

constexpr uint64_t kToken = 7;

class StandardStreams : public ::testing::Test {
 protected:
  StandardStreams() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    other_reader_.reset(ends[0]);
    other_writer_.reset(ends[1]);
  }

  // What a child with these as 0, 1 and 2 fills in.
  static agent::v1::Process filled(int input, int output, int error, bool terminal = false,
                                   bool relays_terminal = false) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(::fcntl(ends[1], F_DUPFD_CLOEXEC, 100));
    ::close(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      const int high[] = {::fcntl(input, F_DUPFD, 100), ::fcntl(output, F_DUPFD, 100),
                          ::fcntl(error, F_DUPFD, 100)};
      for (int i = 0; i < 3; ++i) ::dup2(high[i], i);
      agent::v1::Process process;
      process.set_terminal(terminal);
      process.set_attach_stdin(true);
      process.set_attach_stdout(true);
      process.set_attach_stderr(true);
      fill_stdio(process, kToken, relays_terminal);
      const std::string bytes = process.SerializeAsString();
      ::_exit(::write(writer.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) ? 0
                                                                                                      : 1);
    }
    writer.reset();
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(reader.get(), bytes.data(), bytes.size());
    ::waitpid(child, nullptr, 0);
    agent::v1::Process process;
    EXPECT_TRUE(size > 0 && process.ParseFromArray(bytes.data(), static_cast<int>(size)));
    return process;
  }

  UniqueFd reader_;
  UniqueFd writer_;
  UniqueFd other_reader_;
  UniqueFd other_writer_;
  UniqueFd null_{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  UniqueFd file_{::memfd_create("file", MFD_CLOEXEC)};
};

TEST_F(StandardStreams, pipes_are_streams) {
  const auto process = filled(reader_.get(), writer_.get(), other_writer_.get());
  EXPECT_TRUE(process.attach_stdin() && process.attach_stdout() && process.attach_stderr());
  EXPECT_FALSE(process.stderr_is_stdout() || process.stdin_is_directory());
  EXPECT_EQ(process.standard_size(), 0);
}

TEST_F(StandardStreams, output_and_errors_to_one_place_are_one_stream) {
  const auto process = filled(reader_.get(), writer_.get(), writer_.get());
  EXPECT_TRUE(process.stderr_is_stdout());
  EXPECT_TRUE(process.attach_stdout());
  EXPECT_FALSE(process.attach_stderr());
}

TEST_F(StandardStreams, files_and_devices_are_what_they_are) {
  const auto process = filled(null_.get(), file_.get(), writer_.get());
  ASSERT_EQ(process.standard_size(), 2);
  EXPECT_EQ(process.standard(0).number(), 0U);
  EXPECT_EQ(process.standard(0).device_minor(), 3U);
  EXPECT_EQ(process.standard(1).number(), 1U);
  EXPECT_EQ(process.standard(1).served_name(), served_name(kToken, 1));
  EXPECT_FALSE(process.attach_stdin() || process.attach_stdout());
  EXPECT_TRUE(process.attach_stderr());
}

TEST_F(StandardStreams, one_file_for_output_and_errors_is_given_once) {
  const auto process = filled(reader_.get(), file_.get(), file_.get());
  EXPECT_TRUE(process.stderr_is_stdout());
  ASSERT_EQ(process.standard_size(), 1);
  EXPECT_EQ(process.standard(0).number(), 1U);
}

TEST_F(StandardStreams, directory_as_input_is_one) {
  const UniqueFd directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto process = filled(directory.get(), writer_.get(), other_writer_.get());
  EXPECT_TRUE(process.stdin_is_directory());
  EXPECT_FALSE(process.attach_stdin());
}

TEST_F(StandardStreams, with_a_terminal_nothing_of_ours_is_given) {
  const auto process = filled(null_.get(), file_.get(), file_.get(), true);
  EXPECT_EQ(process.standard_size(), 0);
  EXPECT_FALSE(process.stderr_is_stdout() || process.plain_newlines());
}

TEST_F(StandardStreams, terminal_relayed_to_what_is_none_has_plain_newlines) {
  EXPECT_TRUE(filled(null_.get(), writer_.get(), writer_.get(), true, true).plain_newlines());
  EXPECT_FALSE(filled(null_.get(), writer_.get(), writer_.get(), true, false).plain_newlines());
}

}  // namespace
}  // namespace caisson::runtime
