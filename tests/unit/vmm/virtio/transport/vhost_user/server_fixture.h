// SPDX-License-Identifier: Apache-2.0
// A vhost-user server of a device that marks buffers, and its front end.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "tests/unit/vmm/virtio/transport/vhost_user/front_end.h"
#include "vmm/virtio/transport/vhost_user/server.h"

namespace caisson::vmm::vhost_user {

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

}  // namespace caisson::vmm::vhost_user
