// SPDX-License-Identifier: Apache-2.0
#include "common/relay/pump.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <csignal>
#include <future>
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

// A pump that waits with a pipe's lock held would hang who has its other end, O_NONBLOCK or not.
TEST(Pump, waiting_for_bytes_keeps_no_pipe_from_its_reader) {
  Ends source = make_socketpair();
  Ends sink = make_pipe();
  std::thread pumper([&] { EXPECT_TRUE(pump(source.a.get(), sink.b.get())); });
  write_all(source.b.get(), "one\n");
  std::array<char, 16> line{};
  EXPECT_EQ(::read(sink.a.get(), line.data(), line.size()), 4);
  // Time for it to wait for more: from then on a splice would keep the next line from us until the end.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  write_all(source.b.get(), "two\n");
  std::promise<ssize_t> answer;
  std::future<ssize_t> second = answer.get_future();
  std::thread reader([&] {
    pollfd readable{.fd = sink.a.get(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // a slow reader
    answer.set_value(::read(sink.a.get(), line.data(), line.size()));
  });
  EXPECT_EQ(second.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  source.b.reset();
  reader.join();
  EXPECT_EQ(second.get(), 4);
  pumper.join();
}

TEST(Pump, waiting_for_room_keeps_no_pipe_from_its_writer) {
  Ends source = make_pipe();
  Ends sink = make_socketpair();
  std::thread pumper([&] { EXPECT_TRUE(pump(source.a.get(), sink.b.get())); });
  // More than the sink takes, so that the pump waits for room.
  ASSERT_EQ(::fcntl(source.b.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string bytes = pattern(4096);
  size_t taken = 0;
  pollfd writable{.fd = source.b.get(), .events = POLLOUT, .revents = 0};
  while (::poll(&writable, 1, 500) == 1) {
    const ssize_t n = ::write(source.b.get(), bytes.data(), bytes.size());
    ASSERT_GT(n, 0);
    taken += static_cast<size_t>(n);
  }
  std::promise<ssize_t> answer;
  std::future<ssize_t> full = answer.get_future();
  std::thread writer([&] { answer.set_value(::write(source.b.get(), bytes.data(), 1)); });
  EXPECT_EQ(full.wait_for(std::chrono::seconds(2)), std::future_status::ready);
  source.b.reset();
  std::thread reader([&] { EXPECT_GE(read_all(sink.a.get()).size(), taken); });
  pumper.join();
  sink.b.reset();
  reader.join();
  writer.join();
  EXPECT_EQ(full.get(), -1);
}

TEST(Pump, reader_that_goes_ends_a_pump_with_nothing_to_say) {
  Ends source = make_socketpair();
  Ends sink = make_pipe();
  std::thread pumper([&] { EXPECT_EQ(pump(source.a.get(), sink.b.get()).value(), PumpEnd::sink_closed); });
  sink.a.reset();
  pumper.join();
}

TEST(Pump, full_disk_does_not_end_the_pump) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Ends source = make_socketpair();
  std::thread writer([&] {
    write_all(source.b.get(), pattern(200000));
    source.b.reset();
  });
  EXPECT_EQ(pump(source.a.get(), full.get()).value(), PumpEnd::source_ended);
  writer.join();
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
