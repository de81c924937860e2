// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/muxer.h"

#include <cassert>
#include <utility>

#include "vmm/virtio/vsock/handshake.h"

namespace caisson::vmm::vsock {

Muxer::Muxer(EventLoop& loop, uint64_t guest_cid, std::function<void()> on_output)
    : loop_(loop),
      guest_cid_(guest_cid),
      on_output_(std::move(on_output)),
      clients_(
          loop, [this] { return kMaxHostConnections - host_connections_; },
          [this](UniqueFd socket, uint32_t port) {
            // The answer is written by answer(), before any byte of the guest. A refusal is a closed socket,
            // whether it comes from here or from the guest.
            (void)connect(port, Stream::socket(std::move(socket)), {});
          }) {}

Muxer::~Muxer() {
  on_output_ = nullptr;
  close();
}

void Muxer::tell(std::function<void()> callback) {
  loop_.post(scope_, std::move(callback));
}

Muxer::Key Muxer::key_of(const Connection& connection) {
  return key_of(connection.address().host_port, connection.address().guest_port);
}

// Opening connections

Result<void> Muxer::connect(uint32_t guest_port, Stream stream, ConnectOptions options) {
  const std::string what = "connect to guest port " + std::to_string(guest_port);
  if (!is_open_) {
    return fail(ECONNREFUSED, what + ": the guest has no vsock driver (yet)");
  }
  if (host_connections_ >= kMaxHostConnections) {
    return fail(EAGAIN, what + ": " + std::to_string(kMaxHostConnections) + " connections are open already");
  }
  if (options.greeting.size() > kMaxGreetingBytes) {
    return fail(EMSGSIZE, what + ": greeting too long");
  }
  const uint32_t host_port = TRY_CONTEXT(what, take_port(guest_port));
  std::string greeting = std::exchange(options.greeting, {});
  Connection connection =
      Connection::to_guest({.guest_cid = guest_cid_, .host_port = host_port, .guest_port = guest_port},
                           std::move(stream), take_buffer(), std::move(greeting));
  Entry* entry = TRY_CONTEXT(what, insert(std::move(connection), Origin::host, std::move(options)));
  const Key key = key_of(entry->connection);
  entry->deadline = loop_.after(kConnectTimeout, [this, key] {
    const auto found = entries_.find(key);
    if (found != entries_.end()) {
      found->second->connection.reset();
      tell_answer(*found->second, fail(ETIMEDOUT, "connect to guest: no answer"));
      follow_up(key);
    }
  });
  follow_up(key);
  return {};
}

Result<uint32_t> Muxer::take_port(uint32_t guest_port) {
  // LIMIT: one try more than connections there can be, so that one of them is free.
  for (size_t i = 0; i <= kMaxHostConnections + kMaxGuestConnections; ++i) {
    const uint32_t port = next_port_;
    next_port_ = next_port_ == kFirstEphemeralPort * 2 - 1 ? kFirstEphemeralPort : next_port_ + 1;
    if (!entries_.contains(key_of(port, guest_port))) {
      return port;
    }
  }
  return fail(EADDRINUSE, "no host port is free");
}

uint32_t Muxer::take_buffer() {
  return announced_bytes_ + kBufferBytes <= kBufferBudgetBytes ? kBufferBytes : kSmallBufferBytes;
}

Result<Muxer::Entry*> Muxer::insert(Connection connection, Origin origin, ConnectOptions options) {
  const Key key = key_of(connection);
  auto owned = std::make_unique<Entry>(Entry{.connection = std::move(connection),
                                             .origin = origin,
                                             .options = std::move(options),
                                             .deadline = {},
                                             .is_answered = false,
                                             .is_queued = false});
  Entry* entry = owned.get();
  TRY(entry->connection.stream().watch(loop_, [this, key](Stream::Edges edges) {
    const auto found = entries_.find(key);
    assert(found != entries_.end());
    found->second->connection.on_edges(edges);
    follow_up(key);
  }));
  entries_[key] = std::move(owned);
  announced_bytes_ += entry->connection.buffer_bytes();
  ++(origin == Origin::host ? host_connections_ : guest_connections_);
  return entry;
}

void Muxer::accept_guest(const Header& request) {
  auto opened = guest_connections_ < kMaxGuestConnections
                    ? guest_ports_.open(request.dst_port)
                    : fail(EMFILE, "accept connection of the guest: it has too many");
  if (!opened) {
    owe_stray_reset(request);
    return;
  }
  const Result<Entry*> entry =
      insert(Connection::from_guest(request, Stream::socket(std::move(opened->socket)), take_buffer()),
             Origin::guest, {});
  if (!entry) {
    owe_stray_reset(request);
    return;
  }
  (*entry)->is_answered = true;
  if (opened->tell) {
    tell(std::move(opened->tell));
  }
  follow_up(key_of(request.dst_port, request.src_port));
}

// Packets

void Muxer::receive(const Header& header, std::span<const iovec> payload) {
  if (header.src_cid != guest_cid_) {
    ++dropped_packets_;
    return;
  }
  // [virtio-1.2] 5.10.6.4.2: an unknown type is answered by RST. So is whoever is not us, and what is of no
  // connection.
  if (header.dst_cid != kHostCid || header.type != kTypeStream) {
    owe_stray_reset(header);
    return;
  }
  const Key key = key_of(header.dst_port, header.src_port);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (header.op == Op::request) {
      accept_guest(header);
    } else {
      owe_stray_reset(header);
    }
    return;
  }
  found->second->connection.receive(header, payload);
  answer(*found->second);
  follow_up(key);
}

// An RST is never answered by an RST: two such peers would not end.
void Muxer::owe_stray_reset(const Header& to) {
  if (to.op == Op::rst) {
    return;
  }
  assert(can_receive());
  stray_resets_.push_back({.src_cid = to.dst_cid,
                           .dst_cid = to.src_cid,
                           .src_port = to.dst_port,
                           .dst_port = to.src_port,
                           .type = to.type,
                           .op = Op::rst});
  if (on_output_) {
    on_output_();
  }
}

// Tells whoever asked for the connection that the guest has said yes.
void Muxer::answer(Entry& entry) {
  if (entry.is_answered || entry.connection.state() != Connection::State::established) {
    return;
  }
  entry.deadline.cancel();
  const uint32_t host_port = entry.connection.address().host_port;
  if (!entry.options.on_answer) {
    entry.connection.tell_host(connect_answer(host_port));
  }
  tell_answer(entry, host_port);
}

void Muxer::tell_answer(Entry& entry, Result<uint32_t> answer) {
  if (!std::exchange(entry.is_answered, true) && entry.options.on_answer) {
    tell([on_answer = entry.options.on_answer, answer = std::move(answer)] { on_answer(answer); });
  }
}

// After anything has happened to a connection: it ends, or queues for its turn to speak.
void Muxer::follow_up(Key key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return;
  }
  Entry& entry = *found->second;
  if (entry.connection.state() == Connection::State::over) {
    erase(key, ECONNREFUSED);
    return;
  }
  if (!entry.is_queued && entry.connection.want() != Connection::Want::nothing) {
    entry.is_queued = true;
    speakers_.push_back(key);
  }
  if (entry.is_queued && on_output_) {
    on_output_();
  }
}

void Muxer::erase(Key key, int error) {
  auto node = entries_.extract(key);
  Entry& entry = *node.mapped();
  announced_bytes_ -= entry.connection.buffer_bytes();
  --(entry.origin == Origin::host ? host_connections_ : guest_connections_);
  clients_.update();
  if (entry.is_answered && entry.options.on_end) {
    tell(entry.options.on_end);
  }
  tell_answer(entry, fail(error, "connect to guest port " +
                                     std::to_string(entry.connection.address().guest_port) + ": refused"));
}

std::optional<Header> Muxer::next_stray_reset() {
  if (stray_resets_.empty()) {
    return std::nullopt;
  }
  const Header header = stray_resets_.front();
  stray_resets_.pop_front();
  return header;
}

Connection* Muxer::next_speaker() {
  while (!speakers_.empty()) {
    const auto found = entries_.find(speakers_.front());
    if (found != entries_.end()) {
      if (found->second->connection.want() != Connection::Want::nothing) {
        return &found->second->connection;
      }
      found->second->is_queued = false;
    }
    speakers_.pop_front();
  }
  return nullptr;
}

void Muxer::spoken(Connection& connection) {
  const Key key = key_of(connection);
  assert(!speakers_.empty() && speakers_.front() == key);
  speakers_.pop_front();
  if (connection.state() == Connection::State::over) {
    erase(key, ECONNREFUSED);
    return;
  }
  Entry& entry = *entries_.find(key)->second;
  entry.is_queued = connection.want() != Connection::Want::nothing;
  if (entry.is_queued) {
    speakers_.push_back(key);
  }
}

void Muxer::open() {
  is_open_ = true;
}

void Muxer::close() {
  is_open_ = false;
  stray_resets_.clear();
  speakers_.clear();
  while (!entries_.empty()) {
    erase(entries_.begin()->first, ECONNRESET);
  }
}

size_t Muxer::buffered_bytes() const {
  size_t total = 0;
  for (const auto& [key, entry] : entries_) {
    total += entry->connection.buffered();
  }
  return total;
}

}  // namespace caisson::vmm::vsock
