// SPDX-License-Identifier: Apache-2.0
#include "runtime/lifecycle/relay_outcome.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace caisson::runtime {
namespace {

class RelayOutcome : public ::testing::Test {
 protected:
  Result<void> hear() {
    pipe_->writer.reset();
    return hear_outcome(pipe_->reader.get());
  }

  Result<OutcomePipe> pipe_ = OutcomePipe::open();
};

TEST_F(RelayOutcome, success_arrives) {
  tell_outcome(pipe_->writer.get(), nullptr);
  EXPECT_TRUE(hear());
}

TEST_F(RelayOutcome, error_arrives_with_its_code) {
  const Error error{.code = ENOENT, .message = "exec: \"foo\": no such file"};
  tell_outcome(pipe_->writer.get(), &error);
  const auto heard = hear();
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, ENOENT);
  EXPECT_EQ(heard.error().message, error.message);
}

TEST_F(RelayOutcome, of_a_long_message_the_beginning_arrives) {
  const Error error{.code = EINVAL, .message = std::string(100'000, 'x')};
  tell_outcome(pipe_->writer.get(), &error);
  const auto heard = hear();
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().message, std::string(4095, 'x'));
}

TEST_F(RelayOutcome, silence_is_a_relay_that_died) {
  const auto heard = hear();
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, ECHILD);
  EXPECT_EQ(heard.error().message, "start process: its relay died");
}

TEST_F(RelayOutcome, half_a_message_is_a_relay_that_died) {
  ASSERT_EQ(::write(pipe_->writer.get(), "\0\0\0\0\0", 5), 5);
  const auto heard = hear();
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, ECHILD);
}

TEST_F(RelayOutcome, no_program_inherits_the_pipe) {
  EXPECT_EQ(::fcntl(pipe_->reader.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(pipe_->writer.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace caisson::runtime
