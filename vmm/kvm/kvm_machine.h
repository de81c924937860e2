// SPDX-License-Identifier: Apache-2.0
// Caisson's own machine on /dev/kvm: direct kernel boot, in-kernel interrupt controllers, virtio-mmio devices
// behind eventfds. One thread per vCPU; everything else happens on event loops. Guest misbehaviour that the
// hardware cannot express stops this machine (machine_error), never the process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/event_loop.h"
#include "common/result.h"
#include "vmm/boot/linux.h"
#include "vmm/kvm/event.h"
#include "vmm/kvm/exit_counters.h"
#include "vmm/kvm/kvm.h"
#include "vmm/kvm/mmio_bus.h"
#include "vmm/kvm/serial.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/vcpu_gate.h"
#include "vmm/machine/machine.h"
#include "vmm/memory/guest_memory.h"

namespace caisson::vmm {

class KvmMachine final : public Machine {
 public:
  static Result<std::unique_ptr<KvmMachine>> create(const MachineConfig& config, EventLoop& main_loop);
  ~KvmMachine() override;

  [[nodiscard]] bool is_child_process() const override { return false; }
  Result<void> attach(VirtioDevice& device, EventLoop& loop) override;
  Result<void> start(StopHandler on_stop) override;
  Result<void> pause() override;
  Result<void> resume() override;
  void stop() override;
  [[nodiscard]] std::string console_tail() const override { return serial_.text(); }
  [[nodiscard]] std::vector<Count> counters() const override { return counters_.counts(); }

  [[nodiscard]] const GuestMemory& memory() const { return memory_; }

 private:
  struct Cpu {
    Vcpu vcpu;
    std::thread thread;
  };
  enum class State { created, running, stopped };

  KvmMachine(MachineConfig config, EventLoop& main_loop, LinuxFiles files, GuestMemory memory, Vm vm,
             Event serial_interrupt);

  Result<void> create_cpus(const Kvm& kvm);
  Result<void> connect_memory();
  void run_cpu(Cpu& cpu);
  // Handles one exit; false when the vCPU shall not run again.
  [[nodiscard]] bool handle_exit(Cpu& cpu, int error);
  [[nodiscard]] bool handle_io(kvm_run& run);
  void end(StopReason reason, std::string detail);
  void finish(const MachineStop& stop);

  MachineConfig config_;
  EventLoop* loop_;
  std::optional<LinuxFiles> files_;  // until start() has loaded them
  // The order matters: a later member uses earlier ones, and is destroyed before them.
  GuestMemory memory_;
  Vm vm_;
  Event serial_interrupt_;
  Serial serial_;
  ExitCounters counters_;
  VcpuGate gate_;
  std::unique_ptr<MmioBus> bus_;
  std::vector<Cpu> cpus_;

  State state_ = State::created;
  StopHandler on_stop_;
  Scope scope_;  // of what vCPUs post
};

}  // namespace caisson::vmm
