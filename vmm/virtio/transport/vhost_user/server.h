// SPDX-License-Identifier: Apache-2.0
// The back-end side of vhost-user [vhost-user]: carries one VirtioDevice to a front end (QEMU) over one
// connected socket. Made by QemuMachine; lives on the device's event loop. The front end is hostile: a guest
// may have taken it.
//
// Any breach of the protocol ends the connection, resets the device and is reported once; nothing is retried.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "vmm/virtio/device.h"
#include "vmm/virtio/transport/vhost_user/connection.h"
#include "vmm/virtio/transport/vhost_user/device_setup.h"

namespace caisson::vmm::vhost_user {

class Server {
 public:
  // Whether this server answers GET_CONFIG. QEMU demands it of a vsock device, and warns about it with an fs
  // device, whose configuration QEMU keeps itself.
  enum class ConfigSpace { ours, front_ends };
  // Called once, on the loop, when the front end is gone (ECONNRESET) or was cut off for a breach (anything
  // else).
  using EndHandler = std::function<void(Error)>;

  // On the loop's thread or before it runs; so is the destructor. `device` and `loop` must outlive the
  // server.
  static Result<std::unique_ptr<Server>> create(VirtioDevice& device, EventLoop& loop, UniqueFd socket,
                                                ConfigSpace config_space, EndHandler on_end);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

 private:
  Server(VirtioDevice& device, EventLoop& loop, Connection connection, ConfigSpace config_space,
         EndHandler on_end);

  using Handler = Result<void> (Server::*)(Message&);
  struct Route {
    Request request;
    Handler handler;
  };
  static const std::vector<Route>& routes();

  void on_readable();
  Result<void> serve_one();
  void end(Error error);

  Result<void> get_features(Message& message);
  Result<void> set_features(Message& message);
  Result<void> get_protocol_features(Message& message);
  Result<void> set_protocol_features(Message& message);
  Result<void> get_queue_num(Message& message);
  Result<void> set_owner(Message& message);
  Result<void> reset_owner(Message& message);
  Result<void> set_mem_table(Message& message);
  Result<void> set_vring_num(Message& message);
  Result<void> set_vring_addr(Message& message);
  Result<void> set_vring_base(Message& message);
  Result<void> get_vring_base(Message& message);
  Result<void> set_vring_kick(Message& message);
  Result<void> set_vring_call(Message& message);
  Result<void> set_vring_err(Message& message);
  Result<void> set_vring_enable(Message& message);
  Result<void> get_config(Message& message);
  Result<void> set_config(Message& message);

  [[nodiscard]] uint64_t offered_protocol_features() const;
  Result<void> reply_u64(Request request, uint64_t value);

  VirtioDevice* device_;
  Connection connection_;
  Watch watch_;
  ConfigSpace config_space_;
  EndHandler on_end_;
  bool ended_ = false;

  uint64_t protocol_features_ = 0;
  DeviceSetup setup_;
};

}  // namespace caisson::vmm::vhost_user
