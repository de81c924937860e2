// SPDX-License-Identifier: Apache-2.0
#include "common/ttrpc/server.h"

#include <gtest/gtest.h>

#include "tests/unit/common/ttrpc/server_fixture.h"

namespace caisson::ttrpc {
namespace {

TEST_F(TtrpcServer, request_is_answered) {
  serve({{"Echo", echo()}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  EXPECT_EQ(call(client, "Echo", std::string(1 << 20, 'y')).value().size(), 1U << 20);
}

TEST_F(TtrpcServer, errno_of_the_handler_reaches_the_caller_exactly) {
  serve({{"Fail", [](std::string_view, Responder responder) {
            responder.fail(Error{.code = ESRCH, .message = "signal process: no such process"});
          }}});
  Client client(connect(), "test.Service");
  const auto result = call(client, "Fail", "");
  EXPECT_EQ(result.error().code, ESRCH);
  EXPECT_EQ(result.error().message, "signal process: no such process");
}

TEST_F(TtrpcServer, responder_dropped_unanswered_tells_the_caller) {
  serve({{"Forget", [](std::string_view, Responder) {}}});
  Client client(connect(), "test.Service");
  EXPECT_EQ(call(client, "Forget", "").error().code, EPROTO);
}

TEST_F(TtrpcServer, late_answer_overtaken_by_an_early_one_reaches_its_caller) {
  serve({{"Echo", echo()}, {"Hold", hold()}});
  Client client(connect(), "test.Service");
  wire::KeyValue message;
  const uint32_t late = client.start("Hold", message, kNoDeadline).value();
  EXPECT_EQ(call(client, "Echo", "x").value(), "x");
  loop_->run_sync([this] { held_.at(0).succeed(wire::KeyValue()); });
  EXPECT_TRUE(client.finish(late, message, kNoDeadline));
}

TEST_F(TtrpcServer, responder_of_a_caller_that_hung_up_is_abandoned) {
  serve({{"Echo", echo()}, {"Hold", hold()}});
  {
    Client client(connect(), "test.Service");
    wire::KeyValue message;
    ASSERT_TRUE(client.start("Hold", message, kNoDeadline));
    EXPECT_TRUE(call(client, "Echo", "x"));
  }
  Client other(connect(), "test.Service");
  bool abandoned = false;
  while (!abandoned) {
    EXPECT_TRUE(call(other, "Echo", "x"));
    loop_->run_sync([&] { abandoned = held_.at(0).is_abandoned(); });
  }
  loop_->run_sync([this] { held_.at(0).succeed(wire::KeyValue()); });
}

TEST_F(TtrpcServer, connections_past_the_limit_are_closed) {
  serve({{"Echo", echo()}}, {.connections = 1});
  Client first(connect(), "test.Service");
  EXPECT_TRUE(call(first, "Echo", "x"));
  EXPECT_TRUE(is_closed_by_peer(connect()));
  EXPECT_TRUE(call(first, "Echo", "x"));
}

}  // namespace
}  // namespace caisson::ttrpc
