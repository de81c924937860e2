// SPDX-License-Identifier: Apache-2.0
// The virtio file system device [virtio-1.2] 5.11: carries FUSE requests from the queues to the server and
// their answers back. Attach it to a loop of its own: file I/O blocks there. Parses nothing but the queues'
// order.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "protocol/agent/names.h"
#include "vmm/virtio/device_base.h"
#include "vmm/virtio/fs/server.h"

namespace caisson::vmm::fs {

class Device final : public DeviceBase {
 public:
  struct Config {
    std::string tag = agent::kExportsTag;  // what the guest mounts: `mount -t virtiofs TAG /x`
    Server::Config server;
  };

  // Must be called in the process that serves, before it loses sight of /proc. `loop` is the one the device
  // will be attached with.
  static Result<std::unique_ptr<Device>> create(Config config, EventLoop& loop);
  ~Device() override;

  [[nodiscard]] VirtioDeviceId id() const override { return VirtioDeviceId::fs; }
  [[nodiscard]] std::string_view name() const override { return "fs"; }
  [[nodiscard]] uint64_t features() const override { return 0; }
  void on_kick(uint16_t index) override;

  [[nodiscard]] const Server& server() const { return *server_; }
  [[nodiscard]] Server& server() { return *server_; }
  // How often the driver kicked; for the tests that count round trips.
  [[nodiscard]] uint64_t kicks() const { return kicks_; }

 private:
  Device(std::string_view tag, EventLoop& loop);

  Result<Turn> serve() override;
  Result<void> on_activate() override;
  void on_stop() override;
  [[nodiscard]] std::span<const std::byte> config_space() const override;
  Result<Turn> drain(uint16_t index);
  void answer_later(uint64_t ticket, int error);

  // [virtio-1.2] 5.11.4
  struct ConfigSpace {
    std::array<char, 36> tag{};
    uint32_t request_queues = 1;
  };
  static_assert(sizeof(ConfigSpace) == 40);

  ConfigSpace config_;
  uint64_t kicks_ = 0;
  std::unique_ptr<Server> server_;
  // Requests whose answer comes later, by their tickets.
  struct Waiting {
    uint16_t queue;
    uint64_t unique;
    Chain chain;
  };
  std::map<uint64_t, Waiting> waiting_;
};

}  // namespace caisson::vmm::fs
