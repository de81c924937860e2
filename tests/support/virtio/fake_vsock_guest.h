// SPDX-License-Identifier: Apache-2.0
// A guest's vsock driver for unit tests, benchmarks and fuzzers: it drives the device's queues packet by
// packet, and may break every rule. Steps the event loop itself. Header-only; one thread.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/event_loop.h"
#include "tests/support/virtio/fake_driver.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::test {

// Runs an EventLoop one round of ready descriptors at a time.
class SteppedLoop {
 public:
  SteppedLoop()
      : loop_(std::move(EventLoop::create().value())), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    const int fd = wake_.get();
    watch_ = std::move(loop_
                           ->watch(fd, EPOLLIN,
                                   [this, fd](uint32_t) {
                                     uint64_t count = 0;
                                     [[maybe_unused]] const ssize_t n = ::read(fd, &count, sizeof(count));
                                     loop_->stop();
                                   })
                           .value());
  }

  EventLoop& get() { return *loop_; }

  // What is ready now, and what was posted; never waits.
  void step() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof(one));
    (void)loop_->run();
  }

 private:
  std::unique_ptr<EventLoop> loop_;
  UniqueFd wake_;
  Watch watch_;
};

struct VsockPacket {
  vmm::vsock::Header header;
  std::string payload;
};

class FakeVsockGuest {
 public:
  static constexpr uint32_t kMaxPayload = 64 * 1024;  // as Linux

  struct Options {
    uint16_t receive_buffers = 32;
    uint32_t receive_buffer_bytes = 3776;  // as Linux
    uint32_t buffer_bytes = 256 * 1024;    // credit this guest announces
    bool event_index = true;
    uint32_t payload_bytes = kMaxPayload;  // the largest packet it can send
  };

  FakeVsockGuest() : FakeVsockGuest(Options{}) {}
  explicit FakeVsockGuest(Options options)
      : options_(options),
        memory_(16384 + (options.receive_buffer_bytes + size_t{16}) * options.receive_buffers +
                kTransmitBuffers * (options.payload_bytes + size_t{64})),
        receive_(memory_, {.size = 128, .event_index = options.event_index, .indirect = true}),
        transmit_(memory_, {.size = 128, .event_index = options.event_index, .indirect = true}),
        device_(std::make_unique<vmm::vsock::Device>(loop_.get())) {
    for (size_t i = 0; i < kTransmitBuffers; ++i) {
      free_transmit_.push_back(memory_.allocate(sizeof(vmm::vsock::Header) + options.payload_bytes));
    }
    for (uint16_t i = 0; i < options.receive_buffers; ++i) {
      offer_receive(memory_.allocate(options.receive_buffer_bytes));
    }
    activate();
  }

  void activate() {
    vmm::VirtioDevice::Activation activation;
    activation.memory = &memory_.guest();
    activation.queues.emplace_back(receive_.device_queue());
    activation.queues.emplace_back(transmit_.device_queue());
    activation.queues.emplace_back(std::nullopt);
    activation.needs_reset = [this](std::string_view reason) { broken = reason; };
    if (!device_->activate(std::move(activation))) {
      throw std::logic_error("the device does not activate");
    }
  }

  vmm::vsock::Device& device() { return *device_; }
  vmm::vsock::Muxer& muxer() { return device_->muxer(); }
  FakeMemory& memory() { return memory_; }
  FakeDriver& receive_driver() { return receive_; }
  FakeDriver& transmit_driver() { return transmit_; }
  SteppedLoop& loop() { return loop_; }
  void destroy_device() { device_.reset(); }

  // A packet to the host, header as given but for what is zero: cids, credit. Payload in a second descriptor.
  void send(vmm::vsock::Header header, std::string_view payload = {}) {
    header.len = static_cast<uint32_t>(payload.size());
    send_raw(complete(header), payload);
  }
  vmm::vsock::Header complete(vmm::vsock::Header header) const {
    header.src_cid = header.src_cid == 0 ? vmm::vsock::Device::kGuestCid : header.src_cid;
    header.dst_cid = header.dst_cid == 0 ? vmm::vsock::kHostCid : header.dst_cid;
    header.buf_alloc = header.buf_alloc == 0 ? options_.buffer_bytes : header.buf_alloc;
    return header;
  }
  // Nothing is completed: `header.len` may lie.
  void send_raw(const vmm::vsock::Header& header, std::string_view payload) {
    collect_transmit();
    const uint64_t at = free_transmit_.front();
    free_transmit_.pop_front();
    memory_.write(at, bytes_of(header));
    memory_.write(at + sizeof(header), as_bytes(payload));
    auto chain = transmit_.chain();
    chain.out_at(at, sizeof(header));
    if (!payload.empty()) {
      chain.out_at(at + sizeof(header), static_cast<uint32_t>(payload.size()));
    }
    in_transit_.push_back(at);
    chain.submit();
    device_->on_kick(1);
  }

  // The next packet from the host, after letting the loop run; none when there is none. Its buffer is offered
  // again, unless kept.
  std::optional<VsockPacket> receive() {
    // Accepting, reading the line and connecting are one round each.
    for (int rounds = 0; rounds < 5; ++rounds) {
      if (auto packet = take()) {
        return packet;
      }
      loop_.step();
    }
    return std::nullopt;
  }
  std::optional<VsockPacket> take() {
    const auto used = receive_.take_used();
    if (!used) {
      return std::nullopt;
    }
    const uint64_t at = receive_at_.at(used->head);
    receive_at_.erase(used->head);
    VsockPacket packet;
    std::memcpy(&packet.header, used->data.data(), sizeof(packet.header));
    packet.payload.assign(reinterpret_cast<const char*>(used->data.data()) + sizeof(packet.header),
                          used->data.size() - sizeof(packet.header));
    if (keep_receive_buffers) {
      kept_.push_back(at);
    } else {
      offer_receive(at);
      device_->on_kick(0);
    }
    return packet;
  }
  void offer_kept() {
    keep_receive_buffers = false;
    for (const uint64_t at : std::exchange(kept_, {})) {
      offer_receive(at);
    }
    device_->on_kick(0);
  }
  void collect_transmit() {
    while (transmit_.take_used()) {
      free_transmit_.push_back(in_transit_.front());
      in_transit_.pop_front();
    }
  }
  [[nodiscard]] bool can_send() {
    collect_transmit();
    return !free_transmit_.empty();
  }

  std::string broken;  // why the device asked for a reset
  bool keep_receive_buffers = false;

 private:
  static constexpr size_t kTransmitBuffers = 16;

  void offer_receive(uint64_t at) {
    receive_at_[receive_.chain().in_at(at, options_.receive_buffer_bytes).submit()] = at;
  }

  Options options_;
  SteppedLoop loop_;
  FakeMemory memory_;
  FakeDriver receive_;
  FakeDriver transmit_;
  std::unordered_map<uint16_t, uint64_t> receive_at_;
  std::vector<uint64_t> kept_;
  std::deque<uint64_t> free_transmit_;
  std::deque<uint64_t> in_transit_;
  std::unique_ptr<vmm::vsock::Device> device_;
};

}  // namespace caisson::test
