// SPDX-License-Identifier: Apache-2.0
// What a peer says of its failure is printed by us: harmless, bounded, and not by protobuf in our stead.
#include "common/ttrpc/status.h"

#include <gtest/gtest.h>

#include "common/ttrpc/parser_log.h"
#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

TEST(Status, a_peers_message_comes_without_anything_a_terminal_obeys) {
  wire::Status status;
  status.set_code(5);
  status.set_message(
      "no such file\033]0;title\007\xc2\x9b"
      "31m\xe2\x80\xae");
  const Error error = to_error(status);
  EXPECT_EQ(error.code, ENOENT);
  EXPECT_EQ(error.message, "no such file?]0;title??31m?");
}

TEST(Status, a_peers_message_is_bounded) {
  wire::Status status;
  status.set_code(2);
  status.set_message(std::string(1 << 20, 'x'));
  EXPECT_LE(to_error(status).message.size(), 16384U);
}

TEST(Status, a_message_that_is_no_utf8_is_refused_in_silence) {
  silence_parser();
  ::testing::internal::CaptureStderr();
  wire::Status status;
  EXPECT_FALSE(status.ParseFromString("\x12\x02\xff\xfe"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace caisson::ttrpc
