// SPDX-License-Identifier: Apache-2.0
// A machine: CPUs, guest memory, and a way to attach virtio devices. It knows nothing of containers.
// Implemented by KvmMachine (vmm/kvm) and QemuMachine (vmm/qemu).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/event_loop.h"
#include "common/host_clock.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "protocol/launch/machine_spec.h"
#include "vmm/machine/console_lines.h"
#include "vmm/virtio/device.h"

namespace caisson::vmm {

// Why a machine stopped. An orderly end is announced by the agent before the machine goes, so every other end
// than `killed` is one that the guest's kernel caused.
enum class StopReason {
  guest_reset,    // the guest asked for a reset or power-off (reboot=t, panic=-1, triple fault)
  machine_error,  // the machine itself failed: KVM internal error, QEMU died
  killed,         // stop() was called
};

struct MachineStop {
  StopReason reason = StopReason::machine_error;
  std::string detail;  // for an operator: what was seen, with the last console lines where there are any
};

// How one machine is made: its specification, and its ties to this host.
struct MachineConfig : MachineSpec {
  // With `console`: hears each line of it, harmless and bounded, on whichever thread it arrives.
  ConsoleLines::Handler on_console_line;
  HostClock clock;  // the host's clock; its frequency is read when the machine starts
};

// LIMIT: of any machine, beside kMostCpus.
inline constexpr uint64_t kMaxMachineMemoryBytes = uint64_t{1} << 40;

// Refuses a machine that cannot be made: by its CPUs, or by its memory, which must be at least
// `least_memory_bytes`.
Result<void> check_size(const MachineConfig& config, uint64_t least_memory_bytes);

class Machine {
 public:
  using StopHandler = std::function<void(MachineStop)>;

  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;  // implies stop()

  // Before start(): plugs `device` in. Its callbacks run on `loop`. Both must outlive the machine.
  virtual Result<void> attach(VirtioDevice& device, EventLoop& loop) = 0;

  // Whether start() executes another program. If so, the caller closes its jail after start(), otherwise
  // before.
  [[nodiscard]] virtual bool is_child_process() const = 0;

  // Starts the vCPUs. `on_stop` is called once, on the main loop, when they have stopped for good.
  virtual Result<void> start(StopHandler on_stop) = 0;

  // Stops and continues the vCPUs. The guest notices it by its clock alone. Returns when all have stopped or
  // run on.
  virtual Result<void> pause() = 0;
  virtual Result<void> resume() = 0;

  // A power cut: no vCPU runs once it returns. Harmless when stopped.
  virtual void stop() = 0;

  // The last bytes (at most 16 KiB) the guest wrote to its serial console; for messages about panics.
  // Hostile.
  [[nodiscard]] virtual std::string console_tail() const = 0;

  // Exits to user space by reason, for `caisson events --stats` and the budgets ("mmio", "io", "hlt", …);
  // empty where the machine cannot tell.
  struct Count {
    std::string name;
    uint64_t value = 0;
  };
  [[nodiscard]] virtual std::vector<Count> counters() const = 0;
};

}  // namespace caisson::vmm
