// SPDX-License-Identifier: Apache-2.0
// Bytes a second between a fake guest and a Unix socket, both ways, with Linux's buffer sizes; and the round
// trip of one byte. One thread: the guest's copying and the host's reading are in the figure.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include "tests/support/virtio/fake_vsock_guest.h"

namespace {

using namespace caisson;
using namespace caisson::vmm::vsock;

constexpr uint32_t kHostPort = 1024;
constexpr uint32_t kGuestPort = 50000;

struct Link {
  explicit Link(test::FakeVsockGuest::Options options = {.receive_buffers = 120}) : guest(options) {
    if (!guest.muxer().on_guest_connect(kHostPort, [this](UniqueFd fd) { host = std::move(fd); })) {
      std::abort();
    }
    guest.send(header);
    (void)guest.receive();
    guest.loop().step();
    header.op = Op::rw;
  }

  test::FakeVsockGuest guest;
  UniqueFd host;
  Header header{.src_port = kGuestPort, .dst_port = kHostPort, .op = Op::request};
};

void guest_to_host(benchmark::State& state) {
  Link link;
  const std::string payload(static_cast<size_t>(state.range(0)), 'x');
  std::string sink(payload.size(), '\0');
  for (auto _ : state) {
    link.guest.send(link.header, payload);
    size_t left = payload.size();
    while (left > 0) {
      const ssize_t n = ::recv(link.host.get(), sink.data(), left, MSG_DONTWAIT);
      if (n <= 0) {
        link.guest.loop().step();
        continue;
      }
      left -= static_cast<size_t>(n);
    }
    while (link.guest.take()) {
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void host_to_guest(benchmark::State& state) {
  Link link;
  const std::string payload(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    if (::send(link.host.get(), payload.data(), payload.size(), 0) != static_cast<ssize_t>(payload.size())) {
      state.SkipWithError("send");
      break;
    }
    size_t left = payload.size();
    while (left > 0) {
      const auto packet = link.guest.take();
      if (!packet) {
        link.guest.loop().step();
        continue;
      }
      left -= packet->payload.size();
      link.header.fwd_cnt += packet->header.len;
    }
    link.header.op = Op::credit_update;
    link.guest.send(link.header);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void round_trip(benchmark::State& state) {
  Link link;
  char byte = 'x';
  for (auto _ : state) {
    if (::send(link.host.get(), &byte, 1, 0) != 1) {
      state.SkipWithError("send");
      break;
    }
    const auto packet = link.guest.receive();
    link.header.fwd_cnt += packet->header.len;
    link.header.op = Op::rw;
    link.guest.send(link.header, packet->payload);
    if (::recv(link.host.get(), &byte, 1, 0) != 1) {
      state.SkipWithError("recv");
      break;
    }
  }
}

BENCHMARK(guest_to_host)->Arg(4096)->Arg(65536);
BENCHMARK(host_to_guest)->Arg(4096)->Arg(65536);
BENCHMARK(round_trip);

}  // namespace
