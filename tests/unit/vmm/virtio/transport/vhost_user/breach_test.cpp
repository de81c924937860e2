// SPDX-License-Identifier: Apache-2.0
// What a front end may not do: the connection is cut and the device let go.
#include <fcntl.h>

#include "tests/unit/vmm/virtio/transport/vhost_user/server_fixture.h"

namespace caisson::vmm::vhost_user {
namespace {

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
