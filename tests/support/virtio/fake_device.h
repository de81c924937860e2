// SPDX-License-Identifier: Apache-2.0
// A virtio device for tests of transports and machines: two queues; every chain of queue 0 comes back with
// what was readable, each byte plus one. It keeps what was done to it. Header-only.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vmm/virtio/device.h"

namespace caisson::test {

class FakeDevice final : public vmm::VirtioDevice {
 public:
  [[nodiscard]] vmm::VirtioDeviceId id() const override { return vmm::VirtioDeviceId::console; }
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] uint64_t features() const override { return 0b101; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override { return kSizes; }

  void read_config(uint64_t offset, std::span<std::byte> out) const override {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = offset + i < config.size() ? static_cast<std::byte>(config[offset + i]) : std::byte{0};
    }
  }
  void write_config(uint64_t offset, std::span<const std::byte> in) override {
    for (size_t i = 0; i < in.size() && offset + i < config.size(); ++i) {
      config[offset + i] = static_cast<char>(in[i]);
    }
  }

  Result<void> activate(Activation given) override {
    ++activations;
    if (refuse_activation) {
      return fail(EPROTO, "fake refuses");
    }
    activation = std::move(given);
    return {};
  }

  void on_kick(uint16_t index) override {
    kicks.push_back(index);
    if (!activation || index != 0 || !activation->queues[0]) {
      return;
    }
    vmm::VirtQueue& queue = *activation->queues[0];
    while (true) {
      auto chain = queue.pop();
      if (!chain) {
        activation->needs_reset(chain.error().message);
        return;
      }
      if (!*chain) {
        break;
      }
      std::vector<std::byte> data(std::min<uint64_t>((*chain)->readable_bytes(), 4096));
      (*chain)->copy_out(0, data);
      for (std::byte& each : data) {
        each = static_cast<std::byte>(std::to_integer<int>(each) + 1);
      }
      const auto written = static_cast<uint32_t>((*chain)->copy_in(0, data));
      queue.push(std::move(**chain), written);
    }
    queue.notify();
  }

  std::vector<vmm::VirtQueue::State> reset() override {
    ++resets;
    activation.reset();
    return {};
  }

  static constexpr std::array<uint16_t, 2> kSizes = {16, 64};
  std::string config = "0123456789";
  bool refuse_activation = false;
  int activations = 0;
  int resets = 0;
  std::vector<uint16_t> kicks;
  std::optional<Activation> activation;
};

}  // namespace caisson::test
