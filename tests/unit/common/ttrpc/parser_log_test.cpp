// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/parser_log.h"

#include <gtest/gtest.h>

#include "common/ttrpc/ttrpc.pb.h"

namespace caisson::ttrpc {
namespace {

TEST(ParserLog, malformed_message_is_refused_without_a_word) {
  silence_parser();
  testing::internal::CaptureStderr();
  wire::KeyValue message;
  EXPECT_FALSE(message.ParseFromString(std::string("\x0a\x01\xff", 3)));  // a key that is no UTF-8
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace caisson::ttrpc
