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

  // The containers that the events name which have arrived.
  [[nodiscard]] std::vector<std::string> arrived() const {
    EventReader reader;
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = ::recv(host.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      reader.feed(std::string_view(buffer.data(), static_cast<size_t>(got)));
    }
    std::vector<std::string> names;
    v1::AgentEvent event;
    while (reader.next(event).value_or(false)) {
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

}  // namespace
}  // namespace caisson::agent
