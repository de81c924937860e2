// SPDX-License-Identifier: Apache-2.0
#include "protocol/agent/event_reader.h"

#include <gtest/gtest.h>

#include "protocol/agent/agent.pb.h"

namespace caisson::agent {
namespace {

TEST(AgentEvents, message_over_the_limit_and_bad_protobuf_end_the_stream) {
  v1::AgentEvent event;
  EventReader reader;
  reader.feed(std::string("\x00\x01\x00\x01", 4));
  EXPECT_EQ(reader.next(event).error().code, EMSGSIZE);
  EventReader other;
  other.feed(std::string("\x00\x00\x00\x01\xff", 5));
  EXPECT_EQ(other.next(event).error().code, EPROTO);
}

TEST(AgentEvents, message_in_pieces_is_put_together) {
  v1::AgentEvent sent;
  sent.mutable_log()->set_message("hello");
  const std::string bytes = encode_event(sent).value();
  EventReader reader;
  v1::AgentEvent event;
  reader.feed(std::string_view(bytes).substr(0, 3));
  EXPECT_FALSE(reader.next(event).value());
  reader.feed(std::string_view(bytes).substr(3));
  EXPECT_TRUE(reader.next(event).value());
  EXPECT_EQ(event.log().message(), "hello");
}

}  // namespace
}  // namespace caisson::agent
