// SPDX-License-Identifier: Apache-2.0
// When a device runs, and when it stops, as its front end sets it up piece by piece.
#include "vmm/virtio/transport/vhost_user/device_setup.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm/virtio/transport/vhost_user/server_fixture.h"

namespace caisson::vmm::vhost_user {
namespace {

constexpr uint64_t kUser = 0x7f00'0000'0000;
constexpr uint64_t kBytes = 65536;

template <typename T>
int code_of(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

class VhostUserDeviceSetup : public ::testing::Test {
 protected:
  ~VhostUserDeviceSetup() override { setup_.close(); }

  static std::unique_ptr<MemoryTable> table() {
    UniqueFd fd(::memfd_create("memory", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(fd.get(), kBytes), 0);
    std::vector<SharedRegion> regions;
    regions.push_back(
        {.region = {.guest_address = 0, .size_bytes = kBytes, .user_address = kUser, .mmap_offset = 0},
         .fd = std::move(fd)});
    return std::make_unique<MemoryTable>(MemoryTable::create(std::move(regions)).value());
  }
  static Event event() { return Event::create(UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))).value(); }
  Vring& described(uint32_t index) {
    Vring& ring = *setup_.ring(index).value();
    const uint64_t at = kUser + uint64_t{index} * 16384;
    ring.size = 16;
    ring.address = VringAddress{
        .index = index, .flags = 0, .descriptors = at, .used = at + 8192, .available = at + 4096, .log = 0};
    return ring;
  }
  // One ring, enabled.
  Vring& run() {
    EXPECT_TRUE(setup_.set_features(kFeatures));
    EXPECT_TRUE(setup_.set_memory(table()));
    Vring& ring = described(0);
    EXPECT_TRUE(setup_.start_ring(0, event()));
    EXPECT_TRUE(setup_.enable_ring(ring));
    EXPECT_TRUE(device_.active.has_value());
    return ring;
  }

  MarkingDevice device_;
  std::unique_ptr<EventLoop> loop_ = EventLoop::create().value();
  std::vector<Error> failures_;
  DeviceSetup setup_{device_, *loop_, [this](Error error) { failures_.push_back(std::move(error)); }};
};

TEST_F(VhostUserDeviceSetup, device_runs_once_it_has_memory_and_an_enabled_ring) {
  ASSERT_TRUE(setup_.set_features(kFeatures));
  Vring& ring = described(0);
  ASSERT_TRUE(setup_.enable_ring(ring));
  ASSERT_TRUE(setup_.set_memory(table()));
  EXPECT_EQ(device_.activations, 0);  // no ring is started
  ASSERT_TRUE(setup_.start_ring(0, event()));
  EXPECT_EQ(device_.activations, 1);
  ASSERT_TRUE(device_.active);
  EXPECT_EQ(device_.active->features, kFeatureVersion1);  // what is the transport's is not the device's
  EXPECT_TRUE(device_.active->queues.at(0));
  EXPECT_FALSE(device_.active->queues.at(1));
}

TEST_F(VhostUserDeviceSetup, ring_that_is_started_and_not_enabled_is_waited_for) {
  run();
  described(1);
  ASSERT_TRUE(setup_.start_ring(1, event()));
  EXPECT_FALSE(device_.active);
  ASSERT_TRUE(setup_.enable_ring(*setup_.ring(1).value()));
  ASSERT_TRUE(device_.active);
  EXPECT_TRUE(device_.active->queues.at(1));
}

TEST_F(VhostUserDeviceSetup, ring_that_is_enabled_twice_leaves_the_device_alone) {
  Vring& ring = run();
  ASSERT_TRUE(setup_.enable_ring(ring));
  EXPECT_EQ(device_.activations, 1);
  EXPECT_EQ(device_.resets, 0);
}

TEST_F(VhostUserDeviceSetup, other_features_stop_the_device_and_the_same_do_not) {
  run();
  ASSERT_TRUE(setup_.set_features(kFeatures));
  EXPECT_TRUE(device_.active);
  ASSERT_TRUE(setup_.set_features(kFeatures | kFeatureIndirect));
  EXPECT_FALSE(device_.active);
}

TEST_F(VhostUserDeviceSetup, feature_that_was_not_offered_is_refused_and_changes_nothing) {
  run();
  EXPECT_EQ(code_of(setup_.set_features(kFeatures | 2)), EPROTO);
  EXPECT_TRUE(device_.active);
}

TEST_F(VhostUserDeviceSetup, legacy_driver_is_refused) {
  ASSERT_TRUE(setup_.set_features(kFeatureProtocolFeatures));
  ASSERT_TRUE(setup_.set_memory(table()));
  Vring& ring = described(0);
  ASSERT_TRUE(setup_.start_ring(0, event()));
  EXPECT_EQ(code_of(setup_.enable_ring(ring)), EPROTO);
  EXPECT_EQ(device_.activations, 0);
}

TEST_F(VhostUserDeviceSetup, running_device_moves_over_to_other_memory) {
  run();
  ASSERT_TRUE(setup_.set_memory(table()));
  EXPECT_EQ(device_.resets, 1);
  EXPECT_EQ(device_.activations, 2);
  EXPECT_TRUE(device_.active);
}

TEST_F(VhostUserDeviceSetup, started_ring_may_not_be_set_up) {
  Vring& ring = run();
  EXPECT_EQ(code_of(setup_.stopped_ring(0)), EPROTO);
  EXPECT_EQ(code_of(setup_.stopped_ring(1)), 0);
  EXPECT_EQ(setup_.stop_ring(ring), 0);
  EXPECT_FALSE(device_.active);
  EXPECT_EQ(code_of(setup_.stopped_ring(0)), 0);
}

TEST_F(VhostUserDeviceSetup, ring_that_the_device_does_not_have_is_refused) {
  EXPECT_EQ(setup_.ring_count(), 2U);
  EXPECT_EQ(code_of(setup_.ring(1)), 0);
  EXPECT_EQ(code_of(setup_.ring(2)), EPROTO);
  EXPECT_EQ(code_of(setup_.stopped_ring(UINT32_MAX)), EPROTO);
}

TEST_F(VhostUserDeviceSetup, disabled_ring_stops_the_device_until_it_is_enabled) {
  Vring& ring = run();
  setup_.disable_ring(ring);
  EXPECT_FALSE(device_.active);
  ASSERT_TRUE(setup_.enable_ring(ring));
  EXPECT_TRUE(device_.active);
  setup_.disable_all();
  EXPECT_FALSE(device_.active);
  EXPECT_FALSE(ring.enabled);
}

TEST_F(VhostUserDeviceSetup, call_that_changes_under_a_running_device_is_raised_at_once) {
  Vring& ring = run();
  setup_.set_call(ring, event());
  uint64_t count = 0;
  EXPECT_EQ(::read(ring.call.fd(), &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
  setup_.disable_all();
  setup_.set_call(ring, event());
  EXPECT_EQ(::read(ring.call.fd(), &count, sizeof(count)), -1);
}

TEST_F(VhostUserDeviceSetup, closed_one_has_neither_a_device_nor_a_started_ring) {
  Vring& ring = run();
  setup_.close();
  EXPECT_FALSE(device_.active);
  EXPECT_FALSE(ring.is_started());
  EXPECT_TRUE(failures_.empty());
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
