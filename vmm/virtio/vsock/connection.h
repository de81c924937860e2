// SPDX-License-Identifier: Apache-2.0
// One vsock stream: the state machine between a guest's socket and a host's Stream, with credit both ways.
// Owned by the Muxer, which moves the packets. Bytes are copied only when the host's end takes no more.
//
//   requesting ──RESPONSE──► established ──both directions ended──► over
//        └──RST, silence──► over     └──guest closed, bytes left──► draining ──written out──► over
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/virtio/vsock/credit.h"
#include "vmm/virtio/vsock/delivery.h"
#include "vmm/virtio/vsock/packet.h"
#include "vmm/virtio/vsock/stream.h"

namespace caisson::vmm::vsock {

class Connection {
 public:
  enum class State { requesting, established, draining, over };

  // Plain values: what a snapshot would save of a connection.
  struct Address {
    uint64_t guest_cid = 0;
    uint32_t host_port = 0;
    uint32_t guest_port = 0;
  };

  // What the connection wants to say to the guest next.
  enum class Want { nothing, control, data };

  // A stream of the host that asks the guest for a connection. `greeting` goes to the guest before the
  // stream's bytes.
  static Connection to_guest(Address address, Stream stream, uint32_t buffer_bytes, std::string greeting);
  // The answer to a guest's REQUEST.
  static Connection from_guest(const Header& request, Stream stream, uint32_t buffer_bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Address& address() const { return address_; }
  // The credit announced to the guest: the most this connection ever buffers.
  [[nodiscard]] uint32_t buffer_bytes() const { return credit_.buffer_bytes(); }
  [[nodiscard]] size_t buffered() const { return delivery_.size(); }
  [[nodiscard]] Stream& stream() { return stream_; }

  // A packet of the guest for this connection; `payload` is exactly header.len bytes of guest memory.
  void receive(const Header& header, std::span<const iovec> payload);
  // The stream has become ready.
  void on_edges(Stream::Edges edges);
  // Sends the host's end a line before any byte of the guest. For handshakes, on an established connection.
  void tell_host(std::string_view line);
  // Breaks it off: RST to the guest, the stream is closed.
  void reset();

  [[nodiscard]] Want want();
  // For Want::control: the packet, to be sent now.
  Header take_control();
  // For Want::data: how many bytes the guest has room for.
  [[nodiscard]] uint32_t credit() const { return credit_.left(); }
  // For Want::data: reads at most credit() bytes into guest memory; 0 when there are none now, or no more.
  size_t read_into(std::span<const iovec> space);
  // The header for `size` bytes of what was read.
  Header data_header(uint32_t size);

 private:
  Connection(Address address, Stream stream, uint32_t buffer_bytes);

  void receive_established(const Header& header, std::span<const iovec> payload);
  void receive_data(uint32_t size, std::span<const iovec> payload);
  void receive_shutdown(uint32_t flags);
  void settle_delivery(Delivery::Outcome outcome);
  void nobody_reads();
  void forward(size_t bytes);
  void settle();
  [[nodiscard]] bool host_is_done() const { return !host_sends_ || !guest_receives_; }
  [[nodiscard]] bool guest_is_done() const {
    return !host_receives_ || (!guest_sends_ && delivery_.is_empty());
  }
  [[nodiscard]] Header header(Op op);

  Address address_;
  Stream stream_;
  State state_ = State::requesting;
  Delivery delivery_;  // guest → host
  Credit credit_;
  std::string greeting_;  // host → guest, before the stream's own bytes

  // Control packets owed, at most one of each.
  bool owes_request_ = false;
  bool owes_response_ = false;
  bool owes_reset_ = false;
  bool owes_shutdown_ = false;
  bool owes_credit_update_ = false;
  bool owes_credit_request_ = false;

  // Which directions are open, from whose point of view.
  bool guest_sends_ = true;
  bool guest_receives_ = true;
  bool host_sends_ = true;
  bool host_receives_ = true;
  bool writes_ended_ = false;

  bool readable_ = true;  // the stream, as far as its edges have told
};

}  // namespace caisson::vmm::vsock
