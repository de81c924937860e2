// SPDX-License-Identifier: Apache-2.0
// Eventfds that a front end hands over, and rings as it describes them.
#include "vmm/virtio/transport/vhost_user/vring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace caisson::vmm::vhost_user {
namespace {

constexpr uint64_t kUser = 0x7f00'0000'0000;
constexpr uint64_t kBytes = 65536;

template <typename T>
int code_of(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

TEST(VhostUserEvent, absent_one_is_signalled_in_vain) {
  const auto event = Event::create(UniqueFd());
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->is_present());
  event->signal();
}

TEST(VhostUserEvent, descriptor_that_is_no_eventfd_is_refused) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  EXPECT_EQ(code_of(Event::create(UniqueFd(ends[0]))), EPROTO);
  EXPECT_EQ(code_of(Event::create(UniqueFd(ends[1]))), EPROTO);
  EXPECT_EQ(code_of(Event::create(UniqueFd(::memfd_create("file", MFD_CLOEXEC)))), EPROTO);
  EXPECT_EQ(code_of(Event::create(UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)))), EPROTO);
}

TEST(VhostUserEvent, full_or_empty_one_lets_nobody_wait) {
  const auto event = Event::create(UniqueFd(::eventfd(0, EFD_CLOEXEC)));  // a blocking one
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->clear());
  const uint64_t almost = UINT64_MAX - 1;
  ASSERT_EQ(::write(event->fd(), &almost, sizeof(almost)), static_cast<ssize_t>(sizeof(almost)));
  event->signal();
  EXPECT_TRUE(event->clear());
  EXPECT_TRUE(event->clear());
}

class VhostUserVring : public ::testing::Test {
 protected:
  VhostUserVring() {
    ring_.size = 16;
    ring_.address = VringAddress{.index = 0,
                                 .flags = 0,
                                 .descriptors = kUser,
                                 .used = kUser + 8192,
                                 .available = kUser + 4096,
                                 .log = 0};
  }
  static MemoryTable make_table() {
    UniqueFd fd(::memfd_create("memory", MFD_CLOEXEC));
    EXPECT_EQ(::ftruncate(fd.get(), kBytes), 0);
    std::vector<SharedRegion> regions;
    regions.push_back(
        {.region = {.guest_address = 0, .size_bytes = kBytes, .user_address = kUser, .mmap_offset = 0},
         .fd = std::move(fd)});
    return MemoryTable::create(std::move(regions)).value();
  }
  int refusal() { return code_of(ring_.make_queue(table_, kFeatureVersion1)); }

  MemoryTable table_ = make_table();
  Vring ring_;
};

TEST_F(VhostUserVring, ring_as_described_becomes_a_queue) {
  ring_.state = {.next_available = 7, .next_used = 7};
  const auto queue = ring_.make_queue(table_, kFeatureVersion1);
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->size(), 16U);
  EXPECT_EQ(queue->state().next_available, 7U);
  EXPECT_EQ(queue->state().next_used, 7U);
}

TEST_F(VhostUserVring, ring_without_addresses_or_size_is_refused) {
  ring_.size = 0;
  EXPECT_EQ(refusal(), EPROTO);
  ring_.size = 16;
  ring_.address.reset();
  EXPECT_EQ(refusal(), EPROTO);
}

TEST_F(VhostUserVring, size_that_is_no_power_of_two_is_refused) {
  ring_.size = 15;
  EXPECT_NE(refusal(), 0);
}

TEST_F(VhostUserVring, each_part_must_lie_in_shared_memory) {
  for (uint64_t VringAddress::*part :
       {&VringAddress::descriptors, &VringAddress::available, &VringAddress::used}) {
    const VringAddress good = *ring_.address;
    (*ring_.address).*part = kUser + kBytes;
    EXPECT_EQ(refusal(), EPROTO);
    // It begins there and ends elsewhere.
    (*ring_.address).*part = kUser + kBytes - 16;
    EXPECT_NE(refusal(), 0);
    ring_.address = good;
  }
  EXPECT_EQ(refusal(), 0);
}

TEST_F(VhostUserVring, is_started_by_its_kick_alone) {
  EXPECT_FALSE(ring_.is_started());
  ring_.enabled = true;
  EXPECT_FALSE(ring_.is_started());
  ring_.kick = Event::create(UniqueFd(::eventfd(0, EFD_CLOEXEC))).value();
  EXPECT_TRUE(ring_.is_started());
}

TEST_F(VhostUserVring, raises_its_call) {
  ring_.raise();  // nobody wants to hear
  ring_.call = Event::create(UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))).value();
  ring_.raise();
  uint64_t count = 0;
  EXPECT_EQ(::read(ring_.call.fd(), &count, sizeof(count)), static_cast<ssize_t>(sizeof(count)));
  EXPECT_EQ(count, 1U);
}

}  // namespace
}  // namespace caisson::vmm::vhost_user
