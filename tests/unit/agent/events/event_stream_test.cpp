// SPDX-License-Identifier: Apache-2.0
#include "agent/events/event_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "protocol/agent/agent.pb.h"
#include "protocol/agent/event_reader.h"

namespace caisson::agent {
namespace {

// The agent's end of a connection, and the host's.
struct Fixture {
  std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
  UniqueFd connection;
  UniqueFd host;

  Fixture() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    connection.reset(ends[0]);
    host.reset(ends[1]);
  }

  // All that is ready is dispatched: the second timer fires in a turn after the first's.
  void turn() const {
    Timer second;
    const Timer first = loop->after(std::chrono::nanoseconds(0), [&] {
      second = loop->after(std::chrono::nanoseconds(0), [this] { loop->stop(); });
    });
    EXPECT_TRUE(loop->run());
  }

  // The events that have arrived.
  [[nodiscard]] std::vector<v1::AgentEvent> arrived_events() const {
    EventReader reader;
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = ::recv(host.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      reader.feed(std::string_view(buffer.data(), static_cast<size_t>(got)));
    }
    std::vector<v1::AgentEvent> events;
    v1::AgentEvent event;
    while (reader.next(event).value_or(false)) {
      events.push_back(event);
    }
    return events;
  }
  // The containers that they name.
  [[nodiscard]] std::vector<std::string> arrived() const {
    std::vector<std::string> names;
    for (const v1::AgentEvent& event : arrived_events()) {
      names.push_back(event.container_ready().container());
    }
    return names;
  }
};

v1::AgentEvent ready(const std::string& container) {
  v1::AgentEvent event;
  event.mutable_container_ready()->set_container(container);
  return event;
}

TEST(AgentEventStream, what_is_sent_before_it_is_connected_goes_when_it_is) {
  Fixture fixture;
  EventStream events(*fixture.loop, std::move(fixture.connection));
  events.send(ready("one"));
  EXPECT_EQ(fixture.arrived(), std::vector<std::string>{});
  fixture.turn();
  EXPECT_EQ(fixture.arrived(), std::vector<std::string>{"one"});
}

TEST(AgentEventStream, an_event_is_under_way_before_an_answer_that_is_sent_in_the_same_turn_of_the_loop) {
  Fixture fixture;
  EventStream events(*fixture.loop, std::move(fixture.connection));
  fixture.turn();
  events.send(ready("one"));
  events.send(ready("two"));
  EXPECT_EQ(fixture.arrived(), (std::vector<std::string>{"one", "two"}));
}

TEST(AgentEventStream, what_finds_no_room_goes_when_there_is_some_in_order) {
  Fixture fixture;
  const int room = 4096;
  EXPECT_EQ(::setsockopt(fixture.connection.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
  EventStream events(*fixture.loop, std::move(fixture.connection));
  fixture.turn();
  std::vector<std::string> sent;
  for (int i = 0; i < 2000; ++i) {
    sent.push_back("container-" + std::to_string(i));
    events.send(ready(sent.back()));
  }
  std::vector<std::string> got;
  EventReader reader;
  for (int turns = 0; got.size() < sent.size() && turns < 4000; ++turns) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(fixture.host.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) {
      reader.feed(std::string_view(buffer.data(), static_cast<size_t>(size)));
    }
    v1::AgentEvent event;
    while (reader.next(event).value_or(false)) {
      got.push_back(event.container_ready().container());
    }
    fixture.turn();
  }
  EXPECT_EQ(got, sent);
}

TEST(AgentEventStream, a_host_that_has_gone_ends_it_quietly) {
  Fixture fixture;
  EventStream events(*fixture.loop, std::move(fixture.connection));
  fixture.turn();
  fixture.host.reset();
  events.send(ready("one"));
  events.send(ready("two"));
  fixture.turn();
}

TEST(AgentEventStream, words_of_a_record_are_cut_where_they_may_be_no_longer) {
  Fixture fixture;
  EventStream events(*fixture.loop, std::move(fixture.connection));
  events.log(LogLevel::warning, std::string(4097, 'x'), {{"container", "c"}});
  fixture.turn();
  const auto arrived = fixture.arrived_events();
  ASSERT_EQ(arrived.size(), 1U);
  EXPECT_EQ(arrived.at(0).log().level(), v1::Log::WARNING);
  EXPECT_EQ(arrived.at(0).log().message(), std::string(4096, 'x'));
  EXPECT_EQ(arrived.at(0).log().fields().at("container"), "c");
}

// A host that does not read for a while: what is lost meanwhile is counted by the first record that is not,
// records that were lost with it, too.
TEST(AgentEventStream, what_finds_no_place_is_counted_until_that_is_told) {
  Fixture fixture;
  const int room = 1 << 20;  // for all that is kept, at once
  EXPECT_EQ(::setsockopt(fixture.connection.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
  EventStream events(*fixture.loop, std::move(fixture.connection));
  const v1::AgentEvent large = ready(std::string(64000, 'x'));
  for (int i = 0; i < 4; ++i) {
    events.send(large);  // so many are kept
  }
  events.send(large);
  events.send(large);
  events.log(LogLevel::error, std::string(4096, 'y'), {{"more", std::string(4096, 'z')}});
  fixture.turn();
  EXPECT_EQ(fixture.arrived_events().size(), 4U);
  events.log(LogLevel::info, "first");
  events.log(LogLevel::info, "second");
  const auto told = fixture.arrived_events();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told.at(0).log().fields().at("dropped"), "3");
  EXPECT_TRUE(told.at(1).log().fields().empty());
}

}  // namespace
}  // namespace caisson::agent
