// SPDX-License-Identifier: Apache-2.0
#include "agent/io/socket_relay.h"

#include <vector>

#include "agent/transport/listener.h"
#include "common/socket_path.h"
#include "tests/support/scratch_directory.h"
#include "tests/unit/agent/io/loop_fixture.h"

namespace caisson::agent {
namespace {

class SocketRelayTest : public LoopTest {
 protected:
  UniqueFd connect() const {
    UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketPath place = SocketPath::of(path_).value();
    EXPECT_EQ(::connect(client.get(), place.address(), SocketPath::size()), 0);
    return client;
  }
  UniqueFd accept() const { return UniqueFd(::accept4(host_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  Result<std::unique_ptr<SocketRelay>> create() {
    struct stat likeness {};
    likeness.st_mode = S_IFSOCK | 0620;
    likeness.st_uid = ::geteuid() == 0 ? 1000 : ::geteuid();
    likeness.st_gid = ::geteuid() == 0 ? 1001 : ::getegid();
    return SocketRelay::create(*loop_, path_, likeness, address_);
  }

  test::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "relay";
  std::string address_ = "unix:" + (scratch_ / "host").string();
  UniqueFd host_ = std::move(listen_on(address_).value());
};

TEST_F(SocketRelayTest, is_whose_the_hosts_is_and_goes_with_its_object) {
  {
    const auto relay = create();
    ASSERT_TRUE(relay) << relay.error().message;
    EXPECT_EQ(scratch_.stat("relay").st_mode, mode_t{S_IFSOCK | 0620});
    EXPECT_EQ(scratch_.stat("relay").st_uid, ::geteuid() == 0 ? 1000 : ::geteuid());
    EXPECT_EQ(scratch_.stat("relay").st_gid, ::geteuid() == 0 ? 1001 : ::getegid());
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "relay"));
  scratch_.write("relay", "taken");
  EXPECT_EQ(create().error().code, EADDRINUSE);
}

TEST_F(SocketRelayTest, bytes_go_both_ways_and_so_does_the_end) {
  const auto relay = create();
  ASSERT_TRUE(relay);
  UniqueFd client = connect();
  turn();
  const UniqueFd server = accept();
  ASSERT_TRUE(server);
  ASSERT_EQ(::send(client.get(), "ask", 3, MSG_NOSIGNAL), 3);
  EXPECT_EQ(read_from(server), "ask");
  ASSERT_EQ(::send(server.get(), "answer", 6, MSG_NOSIGNAL), 6);
  EXPECT_EQ(read_from(client), "answer");
  client.reset();
  EXPECT_EQ(read_from(server), "");
}

TEST_F(SocketRelayTest, connection_past_the_limit_is_closed_until_another_has_ended) {
  const auto relay = create();
  ASSERT_TRUE(relay);
  std::vector<UniqueFd> clients;
  std::vector<UniqueFd> servers;
  for (size_t i = 0; i < SocketRelay::kMostConnections; ++i) {
    clients.push_back(connect());
    turn();
    servers.push_back(accept());
    ASSERT_TRUE(servers.back()) << i;
  }
  EXPECT_EQ(read_from(connect()), "");
  EXPECT_FALSE(accept());
  clients.pop_back();
  EXPECT_EQ(read_from(servers.back()), "");
  servers.pop_back();
  turn();
  clients.push_back(connect());
  turn();
  EXPECT_TRUE(accept());
}

TEST_F(SocketRelayTest, client_of_a_host_that_does_not_answer_reads_end_of_file) {
  const auto relay = create();
  ASSERT_TRUE(relay);
  host_.reset();
  EXPECT_EQ(read_from(connect()), "");
}

}  // namespace
}  // namespace caisson::agent
