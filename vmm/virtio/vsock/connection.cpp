// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/connection.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace caisson::vmm::vsock {

Connection::Connection(Address address, Stream stream, uint32_t buffer_bytes)
    : address_(address), stream_(std::move(stream)), delivery_(buffer_bytes), credit_(buffer_bytes) {}

Connection Connection::to_guest(Address address, Stream stream, uint32_t buffer_bytes, std::string greeting) {
  Connection connection(address, std::move(stream), buffer_bytes);
  connection.greeting_ = std::move(greeting);
  connection.owes_request_ = true;
  return connection;
}

Connection Connection::from_guest(const Header& request, Stream stream, uint32_t buffer_bytes) {
  Connection connection(
      {.guest_cid = request.src_cid, .host_port = request.dst_port, .guest_port = request.src_port},
      std::move(stream), buffer_bytes);
  connection.state_ = State::established;
  connection.owes_response_ = true;
  connection.credit_.hear(request);
  return connection;
}

// Guest → host

void Connection::receive(const Header& header, std::span<const iovec> payload) {
  credit_.hear(header);
  switch (state_) {
    case State::requesting:
      if (header.op == Op::response) {
        state_ = State::established;
      } else if (header.op == Op::rst) {
        state_ = State::over;
      } else {
        reset();
      }
      return;
    case State::established:
      receive_established(header, payload);
      return;
    case State::draining:
      if (header.op == Op::rst) {
        owes_reset_ = false;  // it waits no longer; what it has sent is still delivered
      } else if (header.op == Op::rw || header.op == Op::request || header.op == Op::response) {
        reset();
      }
      return;
    case State::over:
      return;
  }
}

void Connection::receive_established(const Header& header, std::span<const iovec> payload) {
  switch (header.op) {
    case Op::rw:
      receive_data(header.len, payload);
      return;
    case Op::shutdown:
      receive_shutdown(header.flags);
      return;
    case Op::credit_request:
      owes_credit_update_ = true;
      return;
    case Op::credit_update:
      return;
    case Op::rst:
      // Broken off by the guest. What it had sent before is still delivered, as far as the host takes it.
      guest_sends_ = guest_receives_ = false;
      stream_.end_reads();
      state_ = delivery_.is_empty() ? State::over : State::draining;
      return;
    case Op::request:
    case Op::response:
    case Op::invalid:
      break;
  }
  reset();  // out of place, or an op that does not exist
}

void Connection::receive_data(uint32_t size, std::span<const iovec> payload) {
  if (!guest_sends_ || !credit_.admits(size)) {
    reset();
    return;
  }
  if (size == 0) {
    return;
  }
  credit_.receive(size);
  if (!host_receives_) {
    forward(size);  // nobody reads: the guest has been told, or is about to be
    return;
  }
  settle_delivery(delivery_.write(stream_, payload, size));
}

void Connection::settle_delivery(Delivery::Outcome outcome) {
  forward(outcome.done);
  if (outcome.nobody_reads) {
    nobody_reads();
  }
  settle();
}

// The host's end takes no more: the guest must hear it, as EPIPE.
void Connection::nobody_reads() {
  if (!std::exchange(host_receives_, false)) {
    return;
  }
  forward(delivery_.drop());
  owes_shutdown_ = true;
  settle();
}

void Connection::forward(size_t bytes) {
  credit_.forward(bytes);
  owes_credit_update_ = owes_credit_update_ || credit_.is_update_due();
}

void Connection::receive_shutdown(uint32_t flags) {
  if ((flags & kShutdownSend) != 0) {
    guest_sends_ = false;
  }
  if ((flags & kShutdownReceive) != 0 && std::exchange(guest_receives_, false)) {
    stream_.end_reads();
  }
  settle();
}

// Ends what has come to its end.
void Connection::settle() {
  if (state_ != State::established && state_ != State::draining) {
    return;
  }
  if (!guest_sends_ && delivery_.is_empty() && !std::exchange(writes_ended_, true)) {
    stream_.end_writes();
  }
  if (state_ == State::draining) {
    if (guest_is_done() && !owes_reset_) {
      state_ = State::over;
    }
    return;
  }
  if (!guest_sends_ && !guest_receives_) {
    // [virtio-1.2] 5.10.6.5: a clean disconnect is answered by RST, once every byte has been delivered.
    owes_reset_ = true;
    state_ = State::draining;
    return;
  }
  if (host_is_done() && guest_is_done()) {
    owes_shutdown_ = true;  // of both directions: see take_control()
  }
}

void Connection::on_edges(Stream::Edges edges) {
  readable_ = readable_ || edges.readable;
  if (edges.writable) {
    delivery_.set_writable();
  }
  if (edges.nobody_reads) {
    nobody_reads();  // while requesting, too: the guest hears it once it has answered
  } else if (edges.writable) {
    settle_delivery(delivery_.flush(stream_));
  }
}

void Connection::tell_host(std::string_view line) {
  assert(state_ == State::established && !credit_.has_received());
  const iovec part{const_cast<char*>(line.data()), line.size()};  // SAFETY: only written out
  const Stream::Io io = stream_.write(std::span(&part, 1));
  // A fresh socket's buffer holds a line; one that does not has been closed.
  if (io.outcome != Stream::Outcome::moved || io.bytes != line.size()) {
    reset();
  }
}

void Connection::reset() {
  if (state_ == State::over) {
    return;
  }
  // Before the guest has heard of the connection there is nothing to break off.
  owes_reset_ = !owes_request_;
  owes_request_ = owes_response_ = owes_shutdown_ = owes_credit_update_ = owes_credit_request_ = false;
  guest_sends_ = guest_receives_ = host_sends_ = host_receives_ = false;
  (void)delivery_.drop();
  stream_.close();
  state_ = owes_reset_ ? State::draining : State::over;
}

// Host → guest

Connection::Want Connection::want() {
  if (state_ == State::over) {
    return Want::nothing;
  }
  if (state_ == State::draining) {
    return owes_reset_ && guest_is_done() ? Want::control : Want::nothing;
  }
  if (state_ == State::requesting) {
    return owes_request_ ? Want::control : Want::nothing;
  }
  // A shutdown owed never overtakes bytes: the one for sending is owed only after end of file has been read.
  if (owes_response_ || owes_shutdown_ || owes_credit_update_ || owes_credit_request_) {
    return Want::control;
  }
  if (!host_sends_ || !guest_receives_ || !(readable_ || !greeting_.empty())) {
    return Want::nothing;
  }
  if (credit_.left() > 0) {
    return Want::data;
  }
  owes_credit_request_ = credit_.ask();
  return owes_credit_request_ ? Want::control : Want::nothing;
}

Header Connection::take_control() {
  if (owes_reset_ && state_ == State::draining) {
    owes_reset_ = false;
    state_ = State::over;
    return header(Op::rst);
  }
  if (std::exchange(owes_request_, false)) {
    return header(Op::request);
  }
  if (std::exchange(owes_response_, false)) {
    return header(Op::response);
  }
  if (owes_credit_update_) {
    return header(Op::credit_update);  // header() marks it told
  }
  if (std::exchange(owes_credit_request_, false)) {
    return header(Op::credit_request);
  }
  assert(owes_shutdown_);
  owes_shutdown_ = false;
  Header packet = header(Op::shutdown);
  if (host_is_done() && guest_is_done()) {
    // Nothing is left in either direction. Whatever the guest still says is answered by RST, as to a
    // stranger.
    packet.flags = kShutdownBoth;
    state_ = State::over;
  } else {
    packet.flags = (host_sends_ ? 0 : kShutdownSend) | (host_receives_ ? 0 : kShutdownReceive);
  }
  return packet;
}

size_t Connection::read_into(std::span<const iovec> space) {
  if (!greeting_.empty()) {
    const size_t size = std::min(greeting_.size(), space.front().iov_len);
    std::memcpy(space.front().iov_base, greeting_.data(), size);
    greeting_.erase(0, size);
    return size;
  }
  const Stream::Io io = stream_.read(space);
  switch (io.outcome) {
    case Stream::Outcome::moved:
      return io.bytes;
    case Stream::Outcome::would_block:
      readable_ = false;
      break;
    case Stream::Outcome::ended:
      host_sends_ = false;
      owes_shutdown_ = true;
      settle();
      break;
    case Stream::Outcome::failed:
      reset();  // closed with bytes of the guest unread
      break;
  }
  return 0;
}

Header Connection::data_header(uint32_t size) {
  credit_.send(size);
  Header packet = header(Op::rw);
  packet.len = size;
  return packet;
}

Header Connection::header(Op op) {
  owes_credit_update_ = false;
  Header packet{.src_cid = kHostCid,
                .dst_cid = address_.guest_cid,
                .src_port = address_.host_port,
                .dst_port = address_.guest_port,
                .op = op};
  credit_.stamp(packet);
  return packet;
}

}  // namespace caisson::vmm::vsock
