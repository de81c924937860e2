// SPDX-License-Identifier: Apache-2.0
// All vsock connections of one guest, and the ways they come about: clients of the Unix socket, streams
// handed in by the process itself, and the guest's own requests to ports with a handler. Routes packets;
// knows no queues. Everything runs on the event loop's thread; callbacks are posted to it. So a callback may
// do anything, even reset the device. No callback comes once the Muxer has gone. A guest can neither make the
// Muxer wait nor make it keep more than the limits say.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/vsock/clients.h"
#include "vmm/virtio/vsock/connection.h"
#include "vmm/virtio/vsock/guest_ports.h"
#include "vmm/virtio/vsock/packet.h"

namespace caisson::vmm::vsock {

class Muxer {
 public:
  // LIMIT: connections the host has opened, each with up to three descriptors. An exec needs four.
  static constexpr size_t kMaxHostConnections = 512;
  // LIMIT: connections the guest has opened. The agent needs one; a guest must not use up the host's
  // descriptors.
  static constexpr size_t kMaxGuestConnections = 64;
  // LIMIT: credit announced for one connection, so the most it buffers when its reader stalls.
  static constexpr uint32_t kBufferBytes = 256 * 1024;
  // LIMIT: all connections together buffer at most this, plus kSmallBufferBytes for each beyond it.
  static constexpr size_t kBufferBudgetBytes = size_t{32} << 20;
  static constexpr uint32_t kSmallBufferBytes = 16 * 1024;
  // LIMIT: RSTs owed to strangers while the guest gives no receive buffers. When full, the guest's packets
  // wait.
  static constexpr size_t kMaxStrayResets = 256;
  // LIMIT: bytes a host stream may say before its own.
  static constexpr size_t kMaxGreetingBytes = 256;
  // How long a guest may take to answer. A running kernel answers at once, but an emulated one on a busy host
  // may take long.
  static constexpr std::chrono::seconds kConnectTimeout{30};
  // Host ports of connections the host opens; listening ports lie below.
  static constexpr uint32_t kFirstEphemeralPort = GuestPorts::kEnd;

  struct ConnectOptions {
    std::string greeting;                             // goes to the guest first
    std::function<void(Result<uint32_t>)> on_answer;  // the host port; or why not (ECONNREFUSED, ETIMEDOUT)
    std::function<void()> on_end;                     // after an answer: all is delivered and closed
  };

  // `on_output` is called whenever there may be something to say to the guest.
  Muxer(EventLoop& loop, uint64_t guest_cid, std::function<void()> on_output);
  Muxer(const Muxer&) = delete;
  Muxer& operator=(const Muxer&) = delete;
  ~Muxer();

  // The clients of the host's Unix socket.
  [[nodiscard]] Clients& clients() { return clients_; }

  // A connection of the guest to host port `port` gets a socket pair. One end of it goes to `handler`. Ports
  // without a handler refuse. EADDRINUSE when the port has one; an empty handler takes it away.
  Result<void> on_guest_connect(uint32_t port, GuestPorts::Handler handler) {
    return guest_ports_.handle(port, std::move(handler));
  }

  // A connection of the guest to host port `port` is joined with the stream socket that `dial` opens. `dial`
  // must not wait. If it fails, the guest is refused.
  Result<void> forward_guest_port(uint32_t port, GuestPorts::Dial dial) {
    return guest_ports_.forward(port, std::move(dial));
  }

  // Connects `stream` to `guest_port`. Refused at once when the device is not active or the table full.
  Result<void> connect(uint32_t guest_port, Stream stream, ConnectOptions options);

  // The device's side.
  void open();   // the driver is there
  void close();  // it is gone: every connection ends, and nothing is sent to it
  // False while the guest must first take the RSTs it is owed.
  [[nodiscard]] bool can_receive() const { return stray_resets_.size() < kMaxStrayResets; }
  // A packet of the guest; `payload` is its header.len bytes.
  void receive(const Header& header, std::span<const iovec> payload);
  // Something to say: first the RSTs owed to strangers, then the connections in turn.
  [[nodiscard]] bool has_output() { return !stray_resets_.empty() || next_speaker() != nullptr; }
  std::optional<Header> next_stray_reset();
  Connection* next_speaker();
  // After next_speaker()'s connection has spoken: the next one's turn. It may be gone afterwards.
  void spoken(Connection& connection);

  [[nodiscard]] size_t connections() const { return entries_.size(); }
  [[nodiscard]] size_t buffered_bytes() const;
  // Packets that named another guest. They are dropped, because no peer can be answered.
  [[nodiscard]] uint64_t dropped_packets() const { return dropped_packets_; }

 private:
  using Key = uint64_t;
  enum class Origin { host, guest };
  struct Entry {
    Connection connection;
    Origin origin;
    ConnectOptions options;
    Timer deadline;
    bool is_answered = false;
    bool is_queued = false;
  };
  static Key key_of(uint32_t host_port, uint32_t guest_port) { return Key{host_port} << 32 | guest_port; }
  static Key key_of(const Connection& connection);

  void accept_guest(const Header& request);
  Result<Entry*> insert(Connection connection, Origin origin, ConnectOptions options);
  Result<uint32_t> take_port(uint32_t guest_port);
  uint32_t take_buffer();
  void owe_stray_reset(const Header& to);
  void answer(Entry& entry);
  void tell_answer(Entry& entry, Result<uint32_t> answer);
  void follow_up(Key key);
  void erase(Key key, int error);
  // Runs `callback` from the loop, not from within the queues' work.
  void tell(std::function<void()> callback);

  EventLoop& loop_;
  uint64_t guest_cid_;
  std::function<void()> on_output_;
  bool is_open_ = false;

  GuestPorts guest_ports_;

  std::unordered_map<Key, std::unique_ptr<Entry>> entries_;
  std::deque<Key> speakers_;  // connections that may have something to say, in turn
  std::deque<Header> stray_resets_;
  size_t host_connections_ = 0;
  size_t guest_connections_ = 0;
  size_t announced_bytes_ = 0;
  uint32_t next_port_ = kFirstEphemeralPort;
  uint64_t dropped_packets_ = 0;
  Scope scope_;      // of callbacks
  Clients clients_;  // the first to go
};

}  // namespace caisson::vmm::vsock
