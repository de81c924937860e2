// SPDX-License-Identifier: Apache-2.0
// Connections the host opens: clients of the Unix socket, streams handed in, the limits.
#include "vmm/virtio/vsock/muxer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <random>

#include "tests/support/virtio/fake_vsock_guest.h"

namespace caisson::vmm::vsock {
namespace {

using test::FakeVsockGuest;
using test::VsockPacket;

constexpr uint32_t kGuestPort = 1025;

class vsock_muxer : public ::testing::Test {
 protected:
  vsock_muxer() {
    std::string pattern = (std::filesystem::temp_directory_path() / "caisson-vsock-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/vsock.sock";
    EXPECT_TRUE(guest_.muxer().clients().listen(path_));
  }
  ~vsock_muxer() override { std::filesystem::remove_all(directory_); }

  UniqueFd client() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static void say(const UniqueFd& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  static std::string hear(const UniqueFd& fd) {
    std::string text(4096, '\0');
    const ssize_t n = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }
  static bool is_closed(const UniqueFd& fd) {
    char byte = 0;
    const ssize_t n = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }
  // The guest's answer to a packet of the host.
  static Header answer(const VsockPacket& packet, Op op, uint32_t flags = 0) {
    return {.src_port = packet.header.dst_port, .dst_port = packet.header.src_port, .op = op, .flags = flags};
  }
  // The request of a host connection, answered with yes.
  VsockPacket accept() {
    const auto request = guest_.receive();
    EXPECT_TRUE(request);
    EXPECT_EQ(request->header.op, Op::request);
    guest_.send(answer(*request, Op::response));
    return *request;
  }
  void steps(int count = 3) {
    for (int i = 0; i < count; ++i) {
      guest_.loop().step();
    }
  }

  FakeVsockGuest guest_;
  std::string directory_;
  std::string path_;
};

TEST_F(vsock_muxer, socket_is_for_its_owner_only) {
  EXPECT_EQ(std::filesystem::status(path_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(vsock_muxer, path_longer_than_the_kernels_field_works) {
  const std::string deep = directory_ + "/" + std::string(120, 'd');
  std::filesystem::create_directory(deep);
  EventLoop& loop = guest_.loop().get();
  Muxer other(loop, 3, [] {});
  EXPECT_TRUE(other.clients().listen(deep + "/vsock.sock"));
  EXPECT_TRUE(std::filesystem::is_socket(deep + "/vsock.sock"));
}

TEST_F(vsock_muxer, client_connects_and_both_sides_talk) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const VsockPacket request = accept();
  EXPECT_EQ(request.header.dst_port, kGuestPort);
  EXPECT_EQ(hear(fd), "OK " + std::to_string(request.header.src_port) + "\n");
  guest_.send(answer(request, Op::rw), "from guest");
  EXPECT_EQ(hear(fd), "from guest");
  say(fd, "from host");
  EXPECT_EQ(guest_.receive()->payload, "from host");
}

TEST_F(vsock_muxer, bytes_right_behind_the_line_reach_the_guest) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\nhello");
  accept();
  EXPECT_EQ(guest_.receive()->payload, "hello");
}

TEST_F(vsock_muxer, port_of_the_host_leads_where_it_is_dialled_or_refuses) {
  constexpr uint32_t kHostPort = 2049;
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd server(ends[0]);
  UniqueFd reached(ends[1]);
  ASSERT_TRUE(guest_.muxer().forward_guest_port(kHostPort, [&]() -> Result<UniqueFd> {
    return reached ? Result<UniqueFd>(std::move(reached)) : fail(ECONNREFUSED, "nobody listens");
  }));
  guest_.send({.src_port = 77, .dst_port = kHostPort, .op = Op::request});
  ASSERT_EQ(guest_.receive()->header.op, Op::response);
  guest_.send({.src_port = 77, .dst_port = kHostPort, .op = Op::rw}, "from guest");
  EXPECT_EQ(hear(server), "from guest");
  say(server, "from host");
  EXPECT_EQ(guest_.receive()->payload, "from host");
  guest_.send({.src_port = 78, .dst_port = kHostPort, .op = Op::request});
  EXPECT_EQ(guest_.receive()->header.op, Op::rst);
  EXPECT_EQ(guest_.muxer().connections(), 1U);
}

TEST_F(vsock_muxer, line_in_pieces_connects) {
  const UniqueFd fd = client();
  steps();
  for (const char* piece : {"CONN", "ECT 10", "25", "\n"}) {
    say(fd, piece);
    steps();
  }
  EXPECT_EQ(accept().header.dst_port, kGuestPort);
}

TEST_F(vsock_muxer, client_that_finds_no_descriptor_left_is_served_later) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  steps();  // UBSan opens a pipe when it meets a type for the first time: not once there are no descriptors
  const UniqueFd fd = client();
  const rlimit none{.rlim_cur = 3, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  steps();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  say(fd, "CONNECT 1025\n");
  EXPECT_FALSE(guest_.receive());
  const Timer end =
      guest_.loop().get().after(2 * Clients::kOutOfDescriptorsPause, [this] { guest_.loop().get().stop(); });
  ASSERT_TRUE(guest_.loop().get().run());
  EXPECT_EQ(accept().header.dst_port, kGuestPort);
}

TEST_F(vsock_muxer, refused_port_closes_the_client) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const auto request = guest_.receive();
  ASSERT_TRUE(request);
  guest_.send(answer(*request, Op::rst));
  EXPECT_TRUE(is_closed(fd));
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock_muxer, nonsense_instead_of_an_answer_is_reset) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const auto request = guest_.receive();
  ASSERT_TRUE(request);
  guest_.send(answer(*request, Op::rw), "early");
  EXPECT_EQ(guest_.receive()->header.op, Op::rst);
  EXPECT_TRUE(is_closed(fd));
}

TEST_F(vsock_muxer, second_answer_is_reset) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const VsockPacket request = accept();
  guest_.send(answer(request, Op::response));
  EXPECT_EQ(guest_.receive()->header.op, Op::rst);
}

TEST_F(vsock_muxer, line_that_is_no_connect_closes_the_client) {
  const UniqueFd fd = client();
  say(fd, "HELLO\n");
  steps();
  EXPECT_TRUE(is_closed(fd));
  EXPECT_FALSE(guest_.receive());
}

TEST_F(vsock_muxer, client_that_leaves_before_the_answer_ends_the_connection) {
  UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const auto request = guest_.receive();
  ASSERT_TRUE(request);
  fd.reset();
  steps();
  guest_.send(answer(*request, Op::response));
  EXPECT_EQ(guest_.receive()->header.op, Op::rst);
  EXPECT_EQ(guest_.muxer().connections(), 0U);
}

TEST_F(vsock_muxer, client_before_the_driver_is_refused) {
  guest_.device().reset();
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  steps();
  EXPECT_TRUE(is_closed(fd));
}

TEST_F(vsock_muxer, silent_clients_beyond_the_limit_wait_in_the_backlog) {
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i < Clients::kMaxHandshakes + 1; ++i) {
    clients.push_back(client());
  }
  steps(static_cast<int>(Clients::kMaxHandshakes) + 5);
  say(clients.back(), "CONNECT 1025\n");
  EXPECT_FALSE(guest_.receive());
  clients.erase(clients.begin());  // one leaves, one comes in
  EXPECT_EQ(accept().header.dst_port, kGuestPort);
}

TEST_F(vsock_muxer, host_connections_have_a_limit_and_ports_of_their_own) {
  std::set<uint32_t> ports;
  std::vector<UniqueFd> kept;
  const auto connect = [&] {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    kept.emplace_back(ends[0]);
    return guest_.muxer().connect(kGuestPort, Stream::socket(UniqueFd(ends[1])), {});
  };
  size_t opened = 0;
  // The test's own descriptor limit may come first; half of the limit proves the ports.
  while (opened < Muxer::kMaxHostConnections / 2 && connect()) {
    ++opened;
    const auto request = guest_.receive();
    ASSERT_TRUE(request);
    ports.insert(request->header.src_port);
  }
  EXPECT_EQ(ports.size(), opened);
  EXPECT_GE(*ports.begin(), Muxer::kFirstEphemeralPort);
}

TEST_F(vsock_muxer, greeting_comes_before_the_streams_bytes) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd fd(ends[0]);
  say(fd, "body");
  std::optional<uint32_t> port;
  ASSERT_TRUE(guest_.muxer().connect(kGuestPort, Stream::socket(UniqueFd(ends[1])),
                                     {.greeting = "head",
                                      .on_answer = [&](Result<uint32_t> result) { port = result.value(); },
                                      .on_end = {}}));
  const VsockPacket request = accept();
  steps();
  EXPECT_EQ(port, request.header.src_port);
  EXPECT_EQ(guest_.receive()->payload, "head");
  EXPECT_EQ(guest_.receive()->payload, "body");
}

TEST_F(vsock_muxer, refusal_is_told_to_who_asked) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd fd(ends[0]);
  int code = 0;
  ASSERT_TRUE(
      guest_.muxer().connect(kGuestPort, Stream::socket(UniqueFd(ends[1])),
                             {.greeting = {},
                              .on_answer = [&](Result<uint32_t> result) { code = result.error().code; },
                              .on_end = {}}));
  const auto request = guest_.receive();
  ASSERT_TRUE(request);
  guest_.send(answer(*request, Op::rst));
  steps();
  EXPECT_EQ(code, ECONNREFUSED);
}

TEST_F(vsock_muxer, pipes_carry_a_containers_output) {
  int out[2];
  ASSERT_EQ(::pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd reader(out[0]);
  bool has_ended = false;
  Result<Stream> stream = Stream::pair(UniqueFd(), UniqueFd(out[1]));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(guest_.muxer().connect(
      kGuestPort, std::move(*stream),
      {.greeting = {}, .on_answer = [](const Result<uint32_t>&) {}, .on_end = [&] { has_ended = true; }}));
  const VsockPacket request = accept();
  // A stream without a source has ended from the start.
  const auto end = guest_.receive();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->header.op, Op::shutdown);
  EXPECT_EQ(end->header.flags, kShutdownSend);
  guest_.send(answer(request, Op::rw), "output");
  guest_.send(answer(request, Op::shutdown, kShutdownBoth));
  EXPECT_EQ(guest_.receive()->header.op, Op::rst);
  std::array<char, 16> text{};
  EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 6);
  EXPECT_EQ(::read(reader.get(), text.data(), text.size()), 0);
  steps();
  EXPECT_TRUE(has_ended);
}

TEST_F(vsock_muxer, pipe_nobody_reads_is_told_to_the_guest) {
  int out[2];
  ASSERT_EQ(::pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
  UniqueFd reader(out[0]);
  Result<Stream> stream = Stream::pair(UniqueFd(), UniqueFd(out[1]));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(
      guest_.muxer().connect(kGuestPort, std::move(*stream),
                             {.greeting = {}, .on_answer = [](const Result<uint32_t>&) {}, .on_end = {}}));
  accept();
  EXPECT_EQ(guest_.receive()->header.flags, kShutdownSend);
  reader.reset();
  const auto end = guest_.receive();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->header.op, Op::shutdown);
  EXPECT_EQ(end->header.flags, kShutdownBoth);
}

TEST_F(vsock_muxer, descriptor_that_may_block_is_refused) {
  int out[2];
  ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
  const UniqueFd reader(out[0]);
  EXPECT_FALSE(Stream::pair(UniqueFd(), UniqueFd(out[1])));
}

TEST_F(vsock_muxer, stalled_reader_stops_the_guest_and_loses_nothing) {
  const UniqueFd fd = client();
  say(fd, "CONNECT 1025\n");
  const VsockPacket request = accept();
  hear(fd);
  // The guest sends as long as it has credit; nobody reads.
  std::mt19937 random(1);
  std::string sent;
  uint32_t forwarded = 0;
  uint32_t total = 0;
  while (total - forwarded < Muxer::kBufferBytes) {
    std::string chunk(std::min<size_t>(10000, Muxer::kBufferBytes - (total - forwarded)), '\0');
    std::ranges::generate(chunk, [&] { return static_cast<char>(random()); });
    guest_.send(answer(request, Op::rw), chunk);
    total += static_cast<uint32_t>(chunk.size());
    sent += chunk;
    while (const auto packet = guest_.take()) {
      ASSERT_EQ(packet->header.op, Op::credit_update);
      forwarded = packet->header.fwd_cnt;
    }
  }
  EXPECT_LE(guest_.muxer().buffered_bytes(), Muxer::kBufferBytes);
  EXPECT_GT(guest_.muxer().buffered_bytes(), Muxer::kBufferBytes / 2);
  guest_.send(answer(request, Op::shutdown, kShutdownSend));
  // Now it reads: everything comes, then the end.
  std::string received;
  while (true) {
    std::string text(50000, '\0');
    const ssize_t n = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (n == 0) {
      break;
    }
    if (n > 0) {
      received.append(text, 0, static_cast<size_t>(n));
    }
    guest_.loop().step();
  }
  EXPECT_EQ(received.size(), sent.size());
  EXPECT_TRUE(received == sent);
  EXPECT_EQ(guest_.muxer().buffered_bytes(), 0U);
}

}  // namespace
}  // namespace caisson::vmm::vsock
