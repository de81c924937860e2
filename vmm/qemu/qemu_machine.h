// SPDX-License-Identifier: Apache-2.0
// The machine for hosts whose KVM cannot run Linux: CPU and memory from a QEMU child process (microvm, TCG),
// Caisson's own devices attached by vhost-user. QEMU gets inherited descriptors only, writes no file and dies
// with this process (docs/decisions/0002-qemu-as-a-child.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "vmm/machine/machine.h"
#include "vmm/memory/guest_memory.h"
#include "vmm/qemu/child.h"
#include "vmm/qemu/confinement.h"
#include "vmm/qemu/options.h"
#include "vmm/qemu/sandbox_user.h"
#include "vmm/qemu/streams.h"
#include "vmm/virtio/transport/vhost_user/server.h"

namespace caisson::vmm {

class QemuMachine final : public Machine {
 public:
  // Checks `config`, finds QEMU and opens kernel and initramfs. All calls, start() above all, come on the
  // main loop's thread (or before it runs): QEMU lives as long as the thread that started it.
  static Result<std::unique_ptr<QemuMachine>> create(const MachineConfig& config, EventLoop& main_loop,
                                                     const QemuOptions& options = {});
  ~QemuMachine() override;

  [[nodiscard]] bool is_child_process() const override { return true; }
  Result<void> attach(VirtioDevice& device, EventLoop& loop) override;
  // Returns when QEMU executes. Errors that QEMU finds later come as StopReason::machine_error.
  Result<void> start(StopHandler on_stop) override;
  // By SIGSTOP and SIGCONT: QMP's `stop` would disconnect every vhost-user device and thereby reset it.
  Result<void> pause() override;
  Result<void> resume() override;
  void stop() override;
  [[nodiscard]] std::string console_tail() const override;
  [[nodiscard]] std::vector<Count> counters() const override { return {}; }

 private:
  struct Attached {
    VirtioDevice* device = nullptr;
    EventLoop* loop = nullptr;
    UniqueFd qemu_end;
    std::unique_ptr<vhost_user::Server> server;
  };

  QemuMachine(MachineConfig config, EventLoop& main_loop, QemuOptions options);

  Result<void> open_files();
  Result<void> prepare_confinement();
  Result<std::vector<std::string>> arguments(int console, int monitor) const;
  Result<void> watch_child();
  void on_event(const QmpEvent& event);
  void on_device_end(const Error& error);
  void on_child_end();
  // The first cause counts: what follows it (a device's lost connection, a signal's exit) is its consequence.
  void end_with(StopReason reason, std::string detail);
  void finish(MachineStop stop);
  void unwatch();

  MachineConfig config_;
  EventLoop* loop_;
  QemuOptions options_;
  std::unique_ptr<GuestMemory> memory_;  // until QEMU has it
  UniqueFd kernel_;
  uint64_t kernel_bytes_ = 0;
  UniqueFd initramfs_;
  uint64_t initramfs_bytes_ = 0;
  std::unique_ptr<SandboxUser> user_;         // none if QEMU runs as caisson-vmm's user
  std::unique_ptr<Confinement> confinement_;  // until it runs
  std::vector<Attached> devices_;

  QemuStreams streams_;
  std::unique_ptr<Child> child_;
  StopHandler on_stop_;
  std::optional<MachineStop> cause_;
  Timer deadline_;
  Watch child_watch_;
  Scope scope_;  // of what devices post
};

}  // namespace caisson::vmm
