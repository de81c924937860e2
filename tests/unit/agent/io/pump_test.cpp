// SPDX-License-Identifier: Apache-2.0
#include "agent/io/pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>

namespace caisson::agent {
namespace {

// A pipe that somebody else holds open too, pumped into a socket with little room.
struct Fixture {
  std::unique_ptr<EventLoop> loop = std::move(*EventLoop::create());
  UniqueFd reader;
  UniqueFd writer;  // a child's
  UniqueFd sink;
  UniqueFd host;

  Fixture() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    sink.reset(ends[0]);
    host.reset(ends[1]);
    const int room = 4096;
    EXPECT_EQ(::setsockopt(sink.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
  }
};

TEST(AgentPump, finish_passes_on_all_that_lay_there_though_the_sink_was_full_and_no_more) {
  Fixture fixture;
  const std::string bytes(60000, 'x');
  ASSERT_EQ(::write(fixture.writer.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  bool ended = false;
  const auto pump =
      Pump::start(*fixture.loop, std::move(fixture.reader), std::move(fixture.sink), [&](Pump::End how) {
        ended = true;
        EXPECT_EQ(how, Pump::End::source_ended);
        fixture.loop->stop();
      });
  ASSERT_TRUE(pump);
  (*pump)->finish();
  EXPECT_FALSE(ended);  // most of it found no room yet
  // Said by a child after its parent's end: nobody's output.
  EXPECT_GE(::write(fixture.writer.get(), "late", 4), -1);
  std::string got;
  std::thread host([&] {
    std::array<char, 4096> buffer{};
    ssize_t n = 0;
    while ((n = ::read(fixture.host.get(), buffer.data(), buffer.size())) > 0) {
      got.append(buffer.data(), static_cast<size_t>(n));
    }
  });
  EXPECT_TRUE(fixture.loop->run());
  host.join();
  EXPECT_EQ(got.size(), bytes.size());
}

TEST(AgentPump, finish_of_an_empty_pipe_ends_at_once) {
  Fixture fixture;
  bool ended = false;
  const auto pump = Pump::start(*fixture.loop, std::move(fixture.reader), std::move(fixture.sink),
                                [&](Pump::End) { ended = true; });
  ASSERT_TRUE(pump);
  (*pump)->finish();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace caisson::agent
