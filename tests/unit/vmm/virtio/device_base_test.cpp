// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/device_base.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <mutex>

#include "tests/support/virtio/fake_driver.h"

namespace caisson::vmm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<uint16_t, 1> kQueueSizes{8};

// Serves a chain a turn; breaks off when it finds the word "bad".
class OneByOne final : public DeviceBase {
 public:
  explicit OneByOne(EventLoop& loop) : DeviceBase(loop, kQueueSizes) {}

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::rng; }
  [[nodiscard]] std::string_view name() const override { return "one by one"; }
  [[nodiscard]] uint64_t features() const override { return 0; }

  int served = 0;
  int stops = 0;
  bool refuses = false;

 private:
  Result<Turn> serve() override {
    std::optional<Chain> chain = TRY(queue(0)->pop());
    if (!chain) {
      return Turn::done;
    }
    ++served;
    queue(0)->push(std::move(*chain), 0);
    take_turn();  // from within: seen by the one that runs
    return Turn::again;
  }
  Result<void> on_activate() override { return refuses ? fail(EBUSY, "not now") : Result<void>(); }
  void on_stop() override { ++stops; }
  [[nodiscard]] std::span<const std::byte> config_space() const override {
    return std::as_bytes(std::span(config_));
  }

  std::array<char, 4> config_{'a', 'b', 'c', 'd'};
};

// What is logged while it lives.
class Lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}
};

class DeviceBaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", lines_));
  }
  void TearDown() override { spdlog::set_default_logger(before_); }

  void activate() {
    VirtioDevice::Activation activation;
    activation.memory = &memory_.guest();
    activation.queues.emplace_back(driver_->device_queue());
    activation.needs_reset = [this](std::string_view) { ++resets_wanted_; };
    EXPECT_TRUE(device_.activate(std::move(activation)));
  }
  void break_the_rules() {
    driver_->make_available(99);
    device_.on_kick(0);
  }
  void turn() const {
    Timer second;
    const Timer first = loop_->after(std::chrono::nanoseconds(0), [&] {
      second = loop_->after(std::chrono::nanoseconds(0), [this] { loop_->stop(); });
    });
    EXPECT_TRUE(loop_->run());
  }

  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  test::FakeMemory memory_;
  std::unique_ptr<test::FakeDriver> driver_ = std::make_unique<test::FakeDriver>(
      memory_, test::FakeDriver::Options{.size = 8, .event_index = false, .indirect = true});
  OneByOne device_{*loop_};
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  std::shared_ptr<spdlog::logger> before_;
  int resets_wanted_ = 0;
};

TEST_F(DeviceBaseTest, what_is_left_after_a_turn_is_served_in_the_next) {
  for (int i = 0; i < 3; ++i) {
    driver_->chain().in(8).submit();
  }
  activate();
  EXPECT_EQ(device_.served, 1);
  for (int i = 0; i < 4; ++i) {
    turn();
  }
  EXPECT_EQ(device_.served, 3);
}

TEST_F(DeviceBaseTest, a_turn_that_comes_after_a_reset_does_nothing) {
  driver_->chain().in(8).submit();
  driver_->chain().in(8).submit();
  activate();
  device_.reset();
  turn();
  EXPECT_EQ(device_.served, 1);
}

TEST_F(DeviceBaseTest, a_breach_is_logged_once_stops_the_device_and_asks_for_a_reset) {
  activate();
  break_the_rules();
  device_.on_kick(0);
  EXPECT_THAT(lines_->lines, ElementsAre(HasSubstr("stop one by one: the guest broke the rules: ")));
  EXPECT_EQ(device_.stops, 1);
  EXPECT_EQ(resets_wanted_, 1);
}

TEST_F(DeviceBaseTest, a_driver_that_breaks_the_rules_for_ever_fills_no_log) {
  for (int i = 0; i < 50; ++i) {
    driver_ = std::make_unique<test::FakeDriver>(
        memory_, test::FakeDriver::Options{.size = 8, .event_index = false, .indirect = true});
    activate();
    break_the_rules();
    device_.reset();
  }
  EXPECT_EQ(resets_wanted_, 50);
  EXPECT_LE(lines_->lines.size(), 8U);
}

TEST_F(DeviceBaseTest, the_configuration_space_is_zeros_beyond_its_end) {
  std::array<std::byte, 4> out{};
  device_.read_config(2, out);
  EXPECT_EQ(out, (std::array{std::byte{'c'}, std::byte{'d'}, std::byte{0}, std::byte{0}}));
  for (const uint64_t offset : {uint64_t{4}, uint64_t{1} << 40, ~uint64_t{0}}) {
    out.fill(std::byte{0xff});
    device_.read_config(offset, out);
    EXPECT_EQ(out, (std::array<std::byte, 4>{})) << offset;
  }
}

TEST_F(DeviceBaseTest, another_count_of_queues_is_refused) {
  for (const size_t count : {size_t{0}, size_t{2}}) {
    VirtioDevice::Activation activation;
    activation.memory = &memory_.guest();
    activation.queues.resize(count);
    EXPECT_FALSE(device_.activate(std::move(activation)));
  }
}

TEST_F(DeviceBaseTest, a_device_that_refuses_is_not_active) {
  device_.refuses = true;
  VirtioDevice::Activation activation;
  activation.memory = &memory_.guest();
  activation.queues.emplace_back(driver_->device_queue());
  EXPECT_FALSE(device_.activate(std::move(activation)));
  driver_->chain().in(8).submit();
  device_.on_kick(0);
  EXPECT_EQ(device_.served, 0);
}

}  // namespace
}  // namespace caisson::vmm
