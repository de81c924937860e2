// SPDX-License-Identifier: Apache-2.0
#include "common/relay/pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

#include "common/unique_fd.h"

namespace caisson {
namespace {

struct Ends {
  UniqueFd a;
  UniqueFd b;
};

Ends make_pipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  return {.a = UniqueFd(fds[0]), .b = UniqueFd(fds[1])};
}

Ends make_socketpair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {.a = UniqueFd(fds[0]), .b = UniqueFd(fds[1])};
}

std::string pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((i * 2654435761U) >> 13);
  }
  return bytes;
}

std::string read_all(int fd) {
  std::string all;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0) {
    all.append(buffer.data(), static_cast<size_t>(got));
  }
  return all;
}

void write_all(int fd, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    ASSERT_GT(n, 0);
    done += static_cast<size_t>(n);
  }
}

// Sends 8 MiB through source.b → source.a → pump → sink.b → sink.a and compares.
void expect_lossless(Ends source, Ends sink) {
  const std::string bytes = pattern(8UL << 20);
  std::thread writer([&] {
    write_all(source.b.get(), bytes);
    source.b.reset();
  });
  std::thread pumper([&] {
    const auto end = pump(source.a.get(), sink.b.get());
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(*end, PumpEnd::source_ended);
    sink.b.reset();
  });
  EXPECT_TRUE(read_all(sink.a.get()) == bytes);
  writer.join();
  pumper.join();
}

TEST(Pump, pipe_to_socket_loses_nothing) {
  expect_lossless(make_pipe(), make_socketpair());
}
TEST(Pump, socket_to_pipe_loses_nothing) {
  expect_lossless(make_socketpair(), make_pipe());
}
TEST(Pump, socket_to_socket_loses_nothing) {
  expect_lossless(make_socketpair(), make_socketpair());
}

TEST(Pump, regular_file_as_source_ends_at_its_end) {
  UniqueFd file(::memfd_create("pump", MFD_CLOEXEC));
  const std::string bytes = pattern(300000);
  write_all(file.get(), bytes);
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  Ends sink = make_socketpair();
  std::thread pumper([&] {
    EXPECT_EQ(pump(file.get(), sink.b.get()).value(), PumpEnd::source_ended);
    sink.b.reset();
  });
  EXPECT_TRUE(read_all(sink.a.get()) == bytes);
  pumper.join();
}

TEST(Pump, append_only_file_as_sink_gets_all) {
  // splice(2) refuses O_APPEND sinks: the copying path must take over without losing a byte.
  std::string path = ::testing::TempDir() + "pump_append";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  Ends source = make_socketpair();
  const std::string bytes = pattern(200000);
  std::thread writer([&] {
    write_all(source.b.get(), bytes);
    source.b.reset();
  });
  EXPECT_EQ(pump(source.a.get(), file.get()).value(), PumpEnd::source_ended);
  writer.join();
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  EXPECT_TRUE(read_all(file.get()) == bytes);
  ::unlink(path.c_str());
}

TEST(Pump, closed_sink_ends_the_pump) {
  ::signal(SIGPIPE, SIG_IGN);
  for (const bool sockets : {false, true}) {
    Ends source = make_socketpair();
    Ends sink = sockets ? make_socketpair() : make_pipe();
    sink.a.reset();
    write_all(source.b.get(), "bytes for nobody");
    EXPECT_EQ(pump(source.a.get(), sink.b.get()).value(), PumpEnd::sink_closed);
  }
}

}  // namespace
}  // namespace caisson
