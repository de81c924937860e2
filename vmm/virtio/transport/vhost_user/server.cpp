// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/vhost_user/server.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace caisson::vmm::vhost_user {

Result<std::unique_ptr<Server>> Server::create(VirtioDevice& device, EventLoop& loop, UniqueFd socket,
                                               ConfigSpace config_space, EndHandler on_end) {
  Connection connection = TRY(Connection::create(std::move(socket)));
  std::unique_ptr<Server> server(
      new Server(device, loop, std::move(connection), config_space, std::move(on_end)));
  server->watch_ = TRY(loop.watch(server->connection_.fd(), EPOLLIN,
                                  [self = server.get()](uint32_t) { self->on_readable(); }));
  return server;
}

Server::Server(VirtioDevice& device, EventLoop& loop, Connection connection, ConfigSpace config_space,
               EndHandler on_end)
    : device_(&device),
      connection_(std::move(connection)),
      config_space_(config_space),
      on_end_(std::move(on_end)),
      setup_(device, loop, [this](Error error) { end(std::move(error)); }) {}

Server::~Server() {
  on_end_ = nullptr;
  end({});
}

void Server::end(Error error) {
  if (std::exchange(ended_, true)) {
    return;
  }
  setup_.close();
  watch_.reset();
  if (on_end_) {
    // Moved out first: the handler may destroy this server.
    const EndHandler handler = std::exchange(on_end_, nullptr);
    handler(with_context("serve " + std::string(device_->name()) + " by vhost-user", std::move(error)));
  }
}

void Server::on_readable() {
  // LIMIT: one message a round keeps a chatty front end from starving the device's own events.
  if (Result<void> served = serve_one(); !served) {
    end(std::move(served).error());
  }
}

Result<void> Server::serve_one() {
  std::optional<Message> message = TRY(connection_.receive());
  if (!message) {
    return {};
  }
  const auto route = std::ranges::find(routes(), message->request, &Route::request);
  assert(route != routes().end());  // the parser passes only requests of the table
  Result<void> handled = (this->*route->handler)(*message);
  // [vhost-user] "Communication", REPLY_ACK: requests with a reply of their own are not acknowledged twice.
  const bool answers = message->request == Request::get_features || message->request == Request::get_config ||
                       message->request == Request::get_protocol_features ||
                       message->request == Request::get_queue_num ||
                       message->request == Request::get_vring_base;
  if (message->wants_reply && (protocol_features_ & kProtocolReplyAck) != 0 && !answers) {
    TRY(reply_u64(message->request, handled ? 0 : 1));
  }
  return handled;
}

const std::vector<Server::Route>& Server::routes() {
  static const std::vector<Route> kRoutes{
      {Request::get_features, &Server::get_features},
      {Request::set_features, &Server::set_features},
      {Request::set_owner, &Server::set_owner},
      {Request::reset_owner, &Server::reset_owner},
      {Request::set_mem_table, &Server::set_mem_table},
      {Request::set_vring_num, &Server::set_vring_num},
      {Request::set_vring_addr, &Server::set_vring_addr},
      {Request::set_vring_base, &Server::set_vring_base},
      {Request::get_vring_base, &Server::get_vring_base},
      {Request::set_vring_kick, &Server::set_vring_kick},
      {Request::set_vring_call, &Server::set_vring_call},
      {Request::set_vring_err, &Server::set_vring_err},
      {Request::get_protocol_features, &Server::get_protocol_features},
      {Request::set_protocol_features, &Server::set_protocol_features},
      {Request::get_queue_num, &Server::get_queue_num},
      {Request::set_vring_enable, &Server::set_vring_enable},
      {Request::get_config, &Server::get_config},
      {Request::set_config, &Server::set_config},
  };
  return kRoutes;
}

uint64_t Server::offered_protocol_features() const {
  const uint64_t config = config_space_ == ConfigSpace::ours ? kProtocolConfig : 0;
  return kProtocolMq | kProtocolReplyAck | config;
}

Result<void> Server::reply_u64(Request request, uint64_t value) {
  return connection_.reply(request, std::as_bytes(std::span(&value, 1)));
}

// Negotiation

Result<void> Server::get_features(Message& message) {
  return reply_u64(message.request, setup_.offered_features());
}

Result<void> Server::set_features(Message& message) {
  return setup_.set_features(std::get<uint64_t>(message.body));
}

Result<void> Server::get_protocol_features(Message& message) {
  return reply_u64(message.request, offered_protocol_features());
}

Result<void> Server::set_protocol_features(Message& message) {
  const auto wanted = std::get<uint64_t>(message.body);
  if ((wanted & ~offered_protocol_features()) != 0) {
    return fail(EPROTO, "set protocol features: the front end accepts what was not offered");
  }
  protocol_features_ = wanted;
  return {};
}

Result<void> Server::get_queue_num(Message& message) {
  return reply_u64(message.request, setup_.ring_count());
}

Result<void> Server::set_owner(Message& /*message*/) {
  return {};
}

Result<void> Server::reset_owner(Message& /*message*/) {
  // [vhost-user] RESET_OWNER is deprecated: "disable all rings" is what remains of it.
  setup_.disable_all();
  return {};
}

Result<void> Server::set_mem_table(Message& message) {
  auto table = std::make_unique<MemoryTable>(
      TRY(MemoryTable::create(std::move(std::get<std::vector<SharedRegion>>(message.body)))));
  return setup_.set_memory(std::move(table));
}

// Rings

Result<void> Server::set_vring_num(Message& message) {
  const auto [index, num] = std::get<VringState>(message.body);
  Vring* ring = TRY(setup_.stopped_ring(index));
  if (num == 0 || num > Vring::kMaxSize) {
    return fail(EPROTO, "set size of vring " + std::to_string(index) + ": " + std::to_string(num) +
                            " is not within 1 and " + std::to_string(Vring::kMaxSize));
  }
  ring->size = num;
  return {};
}

Result<void> Server::set_vring_addr(Message& message) {
  const auto address = std::get<VringAddress>(message.body);
  TRY(setup_.stopped_ring(address.index))->address = address;
  return {};
}

Result<void> Server::set_vring_base(Message& message) {
  const auto [index, num] = std::get<VringState>(message.body);
  Vring* ring = TRY(setup_.stopped_ring(index));
  if (num > UINT16_MAX) {
    return fail(EPROTO, "set base of vring " + std::to_string(index) + ": it does not fit 16 bits");
  }
  // A device gives every chain back before it stops: the used index is where the available one is.
  ring->state = {.next_available = static_cast<uint16_t>(num), .next_used = static_cast<uint16_t>(num)};
  return {};
}

Result<void> Server::get_vring_base(Message& message) {
  const uint32_t index = std::get<VringState>(message.body).index;
  Vring* ring = TRY(setup_.ring(index));
  // [vhost-user] "Ring states": this request stops the ring; the next SET_VRING_KICK starts it again.
  const VringState reply{.index = index, .num = setup_.stop_ring(*ring)};
  return connection_.reply(message.request, std::as_bytes(std::span(&reply, 1)));
}

Result<void> Server::set_vring_kick(Message& message) {
  auto& [index, fd] = std::get<VringDescriptor>(message.body);
  TRY(setup_.ring(index));
  if (!fd) {
    return fail(EPROTO,
                "start vring " + std::to_string(index) + ": polling a ring without a kick is not supported");
  }
  return setup_.start_ring(index, TRY(Event::create(std::move(fd))));
}

Result<void> Server::set_vring_call(Message& message) {
  auto& [index, fd] = std::get<VringDescriptor>(message.body);
  Vring* ring = TRY(setup_.ring(index));
  setup_.set_call(*ring, TRY(Event::create(std::move(fd))));
  return {};
}

Result<void> Server::set_vring_err(Message& message) {
  auto& [index, fd] = std::get<VringDescriptor>(message.body);
  TRY(setup_.ring(index))->error = TRY(Event::create(std::move(fd)));
  return {};
}

Result<void> Server::set_vring_enable(Message& message) {
  const auto [index, num] = std::get<VringState>(message.body);
  Vring* ring = TRY(setup_.ring(index));
  if (num > 1) {
    return fail(EPROTO, "enable vring " + std::to_string(index) + ": neither 0 nor 1");
  }
  if (num == 1) {
    return setup_.enable_ring(*ring);
  }
  setup_.disable_ring(*ring);
  return {};
}

// Configuration space

Result<void> Server::get_config(Message& message) {
  const auto& access = std::get<ConfigAccess>(message.body);
  std::vector<std::byte> reply(sizeof(ConfigHead) + access.bytes.size());
  const ConfigHead head{
      .offset = access.offset, .size = static_cast<uint32_t>(access.bytes.size()), .flags = 0};
  std::memcpy(reply.data(), &head, sizeof(head));
  device_->read_config(access.offset, std::span(reply).subspan(sizeof(head)));
  return connection_.reply(message.request, reply);
}

Result<void> Server::set_config(Message& message) {
  const auto& access = std::get<ConfigAccess>(message.body);
  device_->write_config(access.offset, access.bytes);
  return {};
}

}  // namespace caisson::vmm::vhost_user
