// SPDX-License-Identifier: Apache-2.0
// What a front end may ask of a server.
#include "tests/unit/vmm/virtio/transport/vhost_user/server_fixture.h"

namespace caisson::vmm::vhost_user {
namespace {

TEST_F(VhostUserServer, features_offered_are_the_devices_and_the_transports) {
  EXPECT_EQ(front_->ask(Request::get_features),
            1 | kFeatureVersion1 | kFeatureIndirect | kFeatureEventIndex | kFeatureProtocolFeatures);
  EXPECT_EQ(front_->ask(Request::get_protocol_features), kProtocolMq | kProtocolReplyAck | kProtocolConfig);
  EXPECT_EQ(front_->ask(Request::get_queue_num), 2U);
}

TEST_F(VhostUserServer, rings_started_then_enabled_serve_buffers) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->set_up_ring(1);
  front_->enable_ring(0);
  front_->settle();
  EXPECT_FALSE(is_active());  // ring 1 is started and waits
  front_->offer(1, 16);
  front_->enable_ring(1);
  EXPECT_TRUE(FrontEnd::wait_for(front_->call[1]));  // a buffer from before activation needs no kick
  EXPECT_EQ(front_->used_index(1), 1U);
  EXPECT_EQ(front_->buffer_byte(1, 0), std::byte{0x5a});
  front_->offer(0, 16);
  front_->signal_kick(0);
  EXPECT_TRUE(FrontEnd::wait_for(front_->call[0]));
  EXPECT_EQ(front_->used_index(0), 1U);
}

TEST_F(VhostUserServer, ring_never_started_is_absent_from_the_activation) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->enable_ring(0);
  front_->settle();
  EXPECT_TRUE(on_loop([this] { return device_.active->queues.at(0).has_value(); }));
  EXPECT_FALSE(on_loop([this] { return device_.active->queues.at(1).has_value(); }));
}

TEST_F(VhostUserServer, without_protocol_features_a_kick_descriptor_enables_its_ring) {
  front_->negotiate(kFeatureVersion1);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->set_up_ring(1);
  front_->settle();
  EXPECT_TRUE(on_loop([this] { return device_.active && device_.active->queues.at(1).has_value(); }));
}

TEST_F(VhostUserServer, stopped_ring_tells_where_it_was_and_starts_there_again) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->offer(0, 16);
  front_->enable_ring(0);
  ASSERT_TRUE(FrontEnd::wait_for(front_->call[0]));
  front_->send(Request::get_vring_base, VringState{.index = 0, .num = 0});
  VringState state{};
  const std::vector<std::byte> reply = front_->receive();
  ASSERT_EQ(reply.size(), sizeof(state));
  std::memcpy(&state, reply.data(), sizeof(state));
  EXPECT_EQ(state.num, 1U);
  EXPECT_FALSE(is_active());
  front_->set_up_ring(0, state.num);
  front_->settle_ring(0);
  front_->offer(0, 16);
  front_->signal_kick(0);
  EXPECT_TRUE(FrontEnd::wait_for(front_->call[0]));
  EXPECT_EQ(front_->used_index(0), 2U);
}

TEST_F(VhostUserServer, memory_table_sent_again_moves_a_running_device) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->offer(0, 16);
  front_->enable_ring(0);
  ASSERT_TRUE(FrontEnd::wait_for(front_->call[0]));
  front_->share_memory();
  front_->settle_ring(0);
  front_->offer(0, 16);
  front_->signal_kick(0);
  EXPECT_TRUE(FrontEnd::wait_for(front_->call[0]));
  EXPECT_EQ(front_->used_index(0), 2U);
  EXPECT_EQ(on_loop([this] { return device_.activations; }), 2);
}

TEST_F(VhostUserServer, disabled_ring_stops_the_device) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->enable_ring(0);
  front_->settle();
  EXPECT_TRUE(is_active());
  front_->enable_ring(0, 0);
  front_->settle();
  EXPECT_FALSE(is_active());
}

TEST_F(VhostUserServer, broken_ring_raises_the_error_event) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->enable_ring(0);
  front_->settle();
  on_loop([this] {
    device_.active->needs_reset("test");
    return true;
  });
  EXPECT_TRUE(FrontEnd::wait_for(front_->error[0]));
}

TEST_F(VhostUserServer, acknowledgement_is_sent_when_asked_for_and_negotiated) {
  front_->negotiate(kFeatures);
  front_->send(Request::set_vring_num, VringState{.index = 0, .num = 8}, {}, kFlagVersion | kFlagNeedReply);
  EXPECT_EQ(front_->receive_u64(), 0U);
  // A request with a reply of its own gets that one only.
  front_->send(Request::get_queue_num, std::span<const std::byte>{}, {}, kFlagVersion | kFlagNeedReply);
  EXPECT_EQ(front_->receive_u64(), 2U);
  front_->settle();
}

TEST_F(VhostUserServer, refused_request_is_acknowledged_with_an_error_before_the_end) {
  front_->negotiate(kFeatures);
  front_->send(Request::set_vring_num, VringState{.index = 9, .num = 8}, {}, kFlagVersion | kFlagNeedReply);
  EXPECT_EQ(front_->receive_u64(), 1U);
  expect_breach();
  EXPECT_TRUE(front_->is_hung_up());
}

TEST_F(VhostUserServer, config_space_is_read_and_written) {
  struct {
    ConfigHead head{.offset = 4, .size = 4, .flags = 0};
    std::array<std::byte, 4> bytes{};
  } access;
  front_->send(Request::get_config, access);
  const std::vector<std::byte> reply = front_->receive();
  ASSERT_EQ(reply.size(), sizeof(access));
  EXPECT_EQ(reply[sizeof(ConfigHead)], std::byte{4});
  front_->send(Request::set_config, access);
  front_->settle();
  EXPECT_EQ(on_loop([this] { return device_.written_offset; }), 4U);
  EXPECT_EQ(on_loop([this] { return device_.written_size; }), 4U);
}

TEST_F(VhostUserServer, message_that_comes_byte_by_byte_is_understood) {
  const Header header{.request = 1, .flags = kFlagVersion, .size = 0};
  for (const std::byte byte : std::as_bytes(std::span(&header, 1))) {
    front_->send_raw(std::span(&byte, 1), {});
  }
  EXPECT_NE(front_->receive_u64(), 0U);
}

TEST_F(VhostUserServer, closed_connection_resets_the_device_and_says_so) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->enable_ring(0);
  front_->settle();
  front_.reset();
  auto future = end_.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_EQ(future.get().code, ECONNRESET);
  EXPECT_FALSE(is_active());
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
