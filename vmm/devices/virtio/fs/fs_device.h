// SPDX-License-Identifier: Apache-2.0
// The virtio file system device [virtio-1.2] 5.11: carries FUSE requests from the queues to the server and
// their answers back. Attach it to a loop of its own: file I/O blocks there. Parses nothing but the queues'
// order.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "vmm/devices/virtio/device.h"
#include "vmm/devices/virtio/fs/server.h"

namespace caisson::vmm {

class FsDevice final : public VirtioDevice {
 public:
  struct Config {
    std::string tag = "caisson";  // what the guest mounts: `mount -t virtiofs caisson /x`
    fs::Server::Config server;
  };

  // Must be called in the process that serves, before it loses sight of /proc. `loop` is the one the device
  // will be attached with.
  static Result<std::unique_ptr<FsDevice>> create(Config config, EventLoop& loop);

  FsDevice(const FsDevice&) = delete;
  FsDevice& operator=(const FsDevice&) = delete;
  ~FsDevice() override;

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::fs; }
  [[nodiscard]] std::string_view name() const override { return "fs"; }
  [[nodiscard]] uint64_t features() const override { return 0; }
  [[nodiscard]] std::span<const uint16_t> queue_sizes() const override;
  void read_config(uint64_t offset, std::span<std::byte> out) const override;
  Result<void> activate(Activation activation) override;
  void on_kick(uint16_t index) override;
  std::vector<VirtQueue::State> reset() override;

  [[nodiscard]] const fs::Server& server() const { return *server_; }
  // How often the driver kicked; for the tests that count round trips.
  [[nodiscard]] uint64_t kicks() const { return kicks_; }

 private:
  FsDevice(std::string_view tag, EventLoop& loop);

  // Serves what queue `index` holds, a turn at most; false when there is more.
  bool drain(uint16_t index);
  void answer_later(uint64_t ticket, int error);
  // Of whoever waits there is no driver left.
  void drop_waiting();
  void stop(const Error& error);

  // [virtio-1.2] 5.11.4
  struct ConfigSpace {
    std::array<char, 36> tag{};
    uint32_t request_queues = 1;
  };
  static_assert(sizeof(ConfigSpace) == 40);

  ConfigSpace config_;
  uint64_t kicks_ = 0;
  std::unique_ptr<fs::Server> server_;
  EventLoop* loop_;
  Activation activation_;
  // Requests whose answer comes later, by their tickets.
  struct Waiting {
    uint16_t queue;
    uint64_t unique;
    Chain chain;
  };
  std::map<uint64_t, Waiting> waiting_;
  // Of activations. Posted work holds on to it, to tell that its own, or the device, is gone.
  std::shared_ptr<uint64_t> generation_ = std::make_shared<uint64_t>(0);
};

}  // namespace caisson::vmm
