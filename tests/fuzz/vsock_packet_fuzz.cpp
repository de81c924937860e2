// SPDX-License-Identifier: Apache-2.0
// LINK: caisson_vsock
// A hostile vsock driver: the input is a script of packets, credit games and steps of the loop, against a
// device with connections of both origins. Buffers must stay within their limit and every chain must come
// back.
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/support/virtio/fake_vsock_guest.h"

namespace {

using namespace caisson;
using namespace caisson::vmm::vsock;

struct Script {
  const uint8_t* data;
  size_t size;
  uint8_t byte() {
    if (size == 0) {
      return 0;
    }
    --size;
    return *data++;
  }
};

Header header_from(Script& script, uint32_t host_port) {
  // Small choices, so that packets meet the connections there are; now and then anything at all.
  static constexpr uint32_t kNumbers[] = {0, 1, 2, 64, 4096, 0x10000, 0x40000, 0xffffffff};
  const uint8_t choice = script.byte();
  Header header;
  header.src_cid = (choice & 0x40) != 0 ? script.byte() : Device::kGuestCid;
  header.dst_cid = (choice & 0x80) != 0 ? script.byte() : kHostCid;
  header.op = static_cast<Op>(choice & 0xf);
  header.type = (choice & 0x10) != 0 ? script.byte() : kTypeStream;
  header.src_port = script.byte() % 4;
  header.dst_port = (choice & 0x20) != 0 ? host_port : script.byte() % 4;
  header.flags = script.byte();
  header.buf_alloc = kNumbers[script.byte() % 8];
  header.fwd_cnt = kNumbers[script.byte() % 8];
  return header;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  Script script{data, size};
  const uint8_t set_up = script.byte();
  test::FakeVsockGuest guest({.receive_buffers = static_cast<uint16_t>(set_up % 8),
                              .receive_buffer_bytes = 40 + (set_up >> 3) * 16U,
                              .buffer_bytes = 4096,
                              .event_index = (set_up & 1) != 0,
                              .payload_bytes = 4096});
  std::vector<UniqueFd> hosts;
  const auto keep = [&](UniqueFd fd) { hosts.push_back(std::move(fd)); };
  (void)guest.muxer().on_guest_connect(1, keep);
  (void)guest.muxer().on_guest_connect(2, keep);
  uint32_t host_port = Muxer::kFirstEphemeralPort;
  const std::string payload(4096, 'p');
  while (script.size > 0) {
    const uint8_t action = script.byte();
    switch (action % 8) {
      case 0: {
        int ends[2];
        if (hosts.size() < 32 && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
          hosts.emplace_back(ends[0]);
          (void)guest.muxer().connect(
              script.byte() % 4, Stream::socket(UniqueFd(ends[1])),
              {.greeting = (action & 8) != 0 ? "hello" : "", .on_answer = {}, .on_end = {}});
        }
        break;
      }
      case 1:
        if (!hosts.empty()) {
          (void)::send(hosts[script.byte() % hosts.size()].get(), payload.data(), script.byte(),
                       MSG_DONTWAIT | MSG_NOSIGNAL);
        }
        break;
      case 2:
        if (!hosts.empty()) {
          ::shutdown(hosts[script.byte() % hosts.size()].get(), script.byte() % 3);
        }
        break;
      case 3:
        if (!hosts.empty()) {
          hosts.erase(hosts.begin() + script.byte() % static_cast<long>(hosts.size()));
        }
        break;
      case 4:
        guest.loop().step();
        while (const auto packet = guest.take()) {
          host_port = packet->header.src_port;
        }
        break;
      default:
        if (guest.can_send()) {
          Header header = header_from(script, host_port);
          const size_t length = script.byte() * size_t{16};
          header.len = static_cast<uint32_t>((action & 64) != 0 ? script.byte() : length);
          guest.send_raw(header, std::string_view(payload).substr(0, length));
        }
    }
    if (guest.muxer().buffered_bytes() > guest.muxer().connections() * Muxer::kBufferBytes) {
      std::abort();
    }
  }
  guest.device().reset();
  return 0;
}
