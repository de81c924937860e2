// SPDX-License-Identifier: Apache-2.0
#include "vmm/vhost_user/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "tests/unit/vmm/vhost_user/front_end.h"

namespace caisson::vmm::vhost_user {
namespace {

constexpr uint64_t kFeatures = kFeatureVersion1 | kFeatureProtocolFeatures;

// Fills every buffer it is offered with a mark.
class MarkingDevice final : public VirtioDevice {
 public:
  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::rng; }
  [[nodiscard]] std::string_view name() const override { return "marking"; }
  [[nodiscard]] uint64_t features() const override { return 1; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return kSizes; }
  void read_config(uint64_t offset, std::span<std::byte> out) const override {
    std::ranges::fill(out, static_cast<std::byte>(offset));
  }
  void write_config(uint64_t offset, std::span<const std::byte> in) override {
    written_offset = offset;
    written_size = in.size();
  }

  Result<void> activate(Activation activation) override {
    ++activations;
    active = std::move(activation);
    return {};
  }

  void on_kick(uint16_t index) override {
    if (!active || !active->queues.at(index)) {
      return;
    }
    VirtQueue& queue = *active->queues[index];
    while (true) {
      Result<std::optional<Chain>> chain = queue.pop();
      if (!chain) {
        active->needs_reset("broken ring");
        return;
      }
      if (!*chain) {
        break;
      }
      const std::array mark{std::byte{0x5a}};
      (*chain)->copy_in(0, mark);
      queue.push(std::move(**chain), 1);
    }
    queue.notify();
  }

  std::vector<VirtQueue::State> reset() override {
    ++resets;
    std::vector<VirtQueue::State> states(kSizes.size());
    for (size_t i = 0; active && i < active->queues.size(); ++i) {
      if (active->queues[i]) {
        states[i] = active->queues[i]->state();
      }
    }
    active.reset();
    return states;
  }

  static constexpr std::array<uint16_t, 2> kSizes{64, 64};
  std::optional<Activation> active;
  int activations = 0;
  int resets = 0;
  uint64_t written_offset = 0;
  size_t written_size = 0;
};

class VhostUserServer : public ::testing::Test {
 protected:
  void SetUp() override {
    loop_ = EventLoop::create().value();
    std::array<int, 2> fds{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    front_ = std::make_unique<FrontEnd>(fds[0]);
    server_ =
        Server::create(device_, *loop_, UniqueFd(fds[1]), Server::ConfigSpace::ours, [this](Error error) {
          end_.set_value(std::move(error));
          loop_->post([this] { server_.reset(); });
        }).value();
    runner_ = std::thread([this] { EXPECT_TRUE(loop_->run()); });
  }

  void TearDown() override {
    loop_->post([this] { server_.reset(); });
    loop_->stop();
    runner_.join();
    server_.reset();
  }

  // Looks at the device between two of the loop's events.
  template <typename F>
  auto on_loop(F look) {
    std::promise<decltype(look())> result;
    loop_->post([&] { result.set_value(look()); });
    return result.get_future().get();
  }

  bool is_active() {
    return on_loop([this] { return device_.active.has_value(); });
  }

  // The connection was cut for a breach of the protocol and the device let go.
  void expect_breach() {
    auto future = end_.get_future();
    ASSERT_EQ(future.wait_for(std::chrono::seconds(5)), std::future_status::ready);
    const Error error = future.get();
    EXPECT_NE(error.code, ECONNRESET) << error.message;
    EXPECT_NE(error.message, "");
    EXPECT_FALSE(is_active());
  }

  MarkingDevice device_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<FrontEnd> front_;
  std::unique_ptr<Server> server_;
  std::promise<Error> end_;
  std::thread runner_;
};

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

TEST_F(VhostUserServer, feature_not_offered_is_a_breach) {
  front_->send(Request::set_features, uint64_t{1} << 40U);
  expect_breach();
}

TEST_F(VhostUserServer, protocol_feature_not_offered_is_a_breach) {
  front_->send(Request::set_protocol_features, uint64_t{1} << 5U);
  expect_breach();
}

TEST_F(VhostUserServer, legacy_driver_is_a_breach) {
  front_->negotiate(kFeatureProtocolFeatures);
  front_->share_memory();
  front_->set_up_ring(0);
  front_->enable_ring(0);
  expect_breach();
}

TEST_F(VhostUserServer, ring_out_of_range_is_a_breach) {
  front_->send(Request::set_vring_enable, VringState{.index = 2, .num = 1});
  expect_breach();
}

// QEMU's MMIO transport lets the driver have 1024 entries of any queue.
TEST_F(VhostUserServer, ring_larger_than_the_devices_is_served_up_to_1024) {
  front_->send(Request::set_vring_num, VringState{.index = 0, .num = 1024});
  front_->settle();
}

TEST_F(VhostUserServer, ring_larger_than_1024_is_a_breach) {
  front_->send(Request::set_vring_num, VringState{.index = 0, .num = 2048});
  expect_breach();
}

TEST_F(VhostUserServer, ring_whose_size_is_no_power_of_two_is_a_breach) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->set_up_ring(1);
  front_->send(Request::set_vring_num, VringState{.index = 0, .num = 7});
  front_->send(Request::set_vring_addr, FrontEnd::address(0));
  front_->send(Request::set_vring_kick, uint64_t{0}, {front_->kick[0].get()});
  front_->enable_ring(0);
  front_->enable_ring(1);
  expect_breach();
}

TEST_F(VhostUserServer, ring_address_outside_shared_memory_is_a_breach) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->send(Request::set_vring_num, VringState{.index = 0, .num = 8});
  VringAddress address = FrontEnd::address(0);
  address.used = FrontEnd::kUserBase + FrontEnd::kMemoryBytes - 4;  // starts inside, ends outside
  front_->send(Request::set_vring_addr, address);
  front_->send(Request::set_vring_kick, uint64_t{0}, {front_->kick[0].get()});
  front_->enable_ring(0);
  expect_breach();
}

TEST_F(VhostUserServer, ring_started_without_addresses_is_a_breach) {
  front_->negotiate(kFeatures);
  front_->share_memory();
  front_->send(Request::set_vring_kick, uint64_t{0}, {front_->kick[0].get()});
  front_->enable_ring(0);
  expect_breach();
}

TEST_F(VhostUserServer, change_of_a_started_ring_is_a_breach) {
  front_->negotiate(kFeatures);
  front_->set_up_ring(0);
  front_->send(Request::set_vring_addr, FrontEnd::address(0));
  expect_breach();
}

TEST_F(VhostUserServer, kick_that_is_no_eventfd_is_a_breach) {
  const UniqueFd file(::memfd_create("not-an-event", MFD_CLOEXEC));
  front_->send(Request::set_vring_kick, uint64_t{0}, {file.get()});
  expect_breach();
}

TEST_F(VhostUserServer, call_that_is_a_pipe_is_a_breach) {
  std::array<int, 2> fds{};
  ASSERT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  const UniqueFd reader(fds[0]);
  const UniqueFd writer(fds[1]);
  front_->send(Request::set_vring_call, uint64_t{0}, {writer.get()});
  expect_breach();
}

TEST_F(VhostUserServer, ring_without_a_kick_is_a_breach) {
  front_->send(Request::set_vring_kick, uint64_t{0x100});
  expect_breach();
}

TEST_F(VhostUserServer, memory_region_past_the_end_of_its_file_is_a_breach) {
  const UniqueFd file(::memfd_create("short", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  struct {
    MemoryTableHead head{.count = 1, .padding = 0};
    MemoryRegion region{.guest_address = 0, .size_bytes = 8192, .user_address = 0, .mmap_offset = 0};
  } table;
  front_->send(Request::set_mem_table, table, {file.get()});
  expect_breach();
}

TEST_F(VhostUserServer, memory_region_that_wraps_is_a_breach) {
  const UniqueFd file(::memfd_create("wraps", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  struct {
    MemoryTableHead head{.count = 1, .padding = 0};
    MemoryRegion region{
        .guest_address = 0, .size_bytes = 4096, .user_address = UINT64_MAX - 100, .mmap_offset = 0};
  } table;
  front_->send(Request::set_mem_table, table, {file.get()});
  expect_breach();
}

TEST_F(VhostUserServer, more_descriptors_than_a_message_may_carry_are_a_breach) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  front_->send(Request::set_mem_table, MemoryTableHead{}, std::vector<int>(20, null.get()));
  expect_breach();
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
