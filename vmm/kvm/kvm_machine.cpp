// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/kvm_machine.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "vmm/boot/layout.h"
#include "vmm/kvm/cpuid.h"
#include "vmm/kvm/exit_detail.h"
#include "vmm/machine/command_line.h"
#include "vmm/machine/text_tail.h"

namespace caisson::vmm {
namespace {

constexpr uint64_t kMinMemoryBytes = uint64_t{2} << 20;  // the first MiB is not the kernel's

// The keyboard controller's command port, and its "pulse reset": what reboot=k uses.
constexpr uint16_t kControllerPort = 0x64;
constexpr uint8_t kControllerReset = 0xfe;

Result<void> check(const MachineConfig& config) {
  TRY(check_size(config, kMinMemoryBytes));
  if (config.count_instructions) {
    return fail(ENOTSUP, "create machine: KVM cannot count instructions; choose the hypervisor qemu");
  }
  return {};
}

constexpr size_t kDetailBytes = 2048;  // LIMIT: of the console, what an operator reads in one message

// A vCPU's thread takes the kick alone: the process's signals are the main thread's.
void block_other_signals() {
  sigset_t blocked;
  ::sigfillset(&blocked);
  ::sigdelset(&blocked, SIGRTMIN);
  ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

}  // namespace

Result<std::unique_ptr<KvmMachine>> KvmMachine::create(const MachineConfig& config, EventLoop& main_loop) {
  TRY(check(config));
  const Kvm kvm = TRY(Kvm::open());
  LinuxFiles files = TRY(LinuxFiles::open(config.kernel, config.initramfs));
  // Nobody else maps it, and huge pages make a quarter of the boot (docs/budgets.md).
  GuestMemory memory = TRY(GuestMemory::create(config.ram_bytes(), GuestMemory::Backing::private_pages));
  Vm vm = TRY(Vm::create(kvm));
  Event serial_interrupt = TRY(Event::create());
  TRY(vm.connect_interrupt(layout::kSerialPin, serial_interrupt.fd()));
  std::unique_ptr<KvmMachine> machine(new KvmMachine(config, main_loop, std::move(files), std::move(memory),
                                                     std::move(vm), std::move(serial_interrupt)));
  machine->bus_ = TRY(MmioBus::create(machine->vm_, machine->memory_, machine->gate_));
  TRY(machine->create_cpus(kvm));
  return machine;
}

KvmMachine::KvmMachine(MachineConfig config, EventLoop& main_loop, LinuxFiles files, GuestMemory memory,
                       Vm vm, Event serial_interrupt)
    : config_(std::move(config)),
      loop_(&main_loop),
      files_(std::move(files)),
      memory_(std::move(memory)),
      vm_(std::move(vm)),
      serial_interrupt_(std::move(serial_interrupt)),
      serial_([this] { serial_interrupt_.raise(); }, config_.on_console_line),
      gate_(config_.all_cpus()) {}

KvmMachine::~KvmMachine() {
  on_stop_ = nullptr;
  stop();
}

Result<void> KvmMachine::create_cpus(const Kvm& kvm) {
  const std::vector<kvm_cpuid_entry2> supported = TRY(kvm.supported_cpuid());
  // Threads keep references to these.
  cpus_.reserve(config_.all_cpus());
  for (uint32_t id = 0; id < config_.all_cpus(); ++id) {
    Vcpu vcpu = TRY(Vcpu::create(kvm, vm_, id));
    TRY(vcpu.set_cpuid(make_cpuid(supported, id, config_.all_cpus())));
    TRY(vcpu.set_up_common());
    cpus_.push_back({.vcpu = std::move(vcpu), .thread = {}});
  }
  return {};
}

Result<void> KvmMachine::attach(VirtioDevice& device, EventLoop& loop) {
  if (state_ != State::created) {
    return fail(EBUSY, "attach " + std::string(device.name()) + ": the machine has been started");
  }
  return bus_->attach(device, loop);
}

Result<void> KvmMachine::connect_memory() {
  uint32_t slot = 0;
  for (const GuestMemory::Region& region : memory_.regions()) {
    TRY(vm_.set_memory(slot++, region.start, std::span(region.host, region.size_bytes),
                       Vm::Access::read_write));
  }
  return bus_->connect(slot, cpus_.front().vcpu.coalesced_ring());
}

Result<void> KvmMachine::start(StopHandler on_stop) {
  if (state_ != State::created) {
    return fail(EBUSY, "start machine: it has been started");
  }
  const GuestAddress entry = TRY(load_linux(memory_, *files_,
                                            {.command_line = kernel_command_line(config_, {}),
                                             .cpus = config_.all_cpus(),
                                             .memory_bytes = config_.memory_bytes,
                                             .devices = bus_->devices()}));
  files_.reset();
  TRY(connect_memory());
  TRY(cpus_.front().vcpu.set_up_entry(entry));
  on_stop_ = std::move(on_stop);
  state_ = State::running;
  for (Cpu& cpu : cpus_) {
    cpu.thread = std::thread([this, &cpu] { run_cpu(cpu); });
  }
  return {};
}

void KvmMachine::run_cpu(Cpu& cpu) {
  block_other_signals();
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "vcpu%u", cpu.vcpu.id());
  ::pthread_setname_np(::pthread_self(), name.data());
  gate_.arrive(cpu.vcpu);
  while (gate_.enter(cpu.vcpu)) {
    if (!handle_exit(cpu, cpu.vcpu.run())) {
      gate_.request_stop();
    }
  }
  gate_.leave(cpu.vcpu);
}

bool KvmMachine::handle_exit(Cpu& cpu, int error) {
  kvm_run& run = cpu.vcpu.run_state();
  if (error == EINTR || error == EAGAIN) {
    counters_.count(KVM_EXIT_INTR);
    return true;
  }
  if (error != 0) {
    end(StopReason::machine_error,
        std::string("run vCPU: ") + std::strerror(error) + "; " + cpu.vcpu.describe_registers());
    return false;
  }
  counters_.count(run.exit_reason);
  switch (run.exit_reason) {
    case KVM_EXIT_IO:
      return handle_io(run);
    case KVM_EXIT_MMIO: {
      const std::span bytes =
          std::as_writable_bytes(std::span(run.mmio.data)).first(std::min<size_t>(run.mmio.len, 8));
      run.mmio.is_write != 0 ? bus_->write(run.mmio.phys_addr, bytes) : bus_->read(run.mmio.phys_addr, bytes);
      return true;
    }
    case KVM_EXIT_INTR:
      return true;
    case KVM_EXIT_SHUTDOWN:
      end(StopReason::guest_reset, "triple fault");
      return false;
    default:
      end(StopReason::machine_error, describe_exit(run) + "; " + cpu.vcpu.describe_registers());
      return false;
  }
}

bool KvmMachine::handle_io(kvm_run& run) {
  auto* const bytes = reinterpret_cast<uint8_t*>(&run) + run.io.data_offset;
  const size_t count = size_t{run.io.size} * run.io.count;
  const uint16_t port = run.io.port;
  const bool is_serial =
      port >= Serial::kFirstPort && port < Serial::kFirstPort + Serial::kPorts && run.io.size == 1;
  const bool is_output = run.io.direction == KVM_EXIT_IO_OUT;
  for (size_t i = 0; i < count; ++i) {
    if (is_serial && is_output) {
      serial_.write(port - Serial::kFirstPort, bytes[i]);
    } else if (is_serial) {
      bytes[i] = serial_.read(port - Serial::kFirstPort);
    } else if (is_output && port == kControllerPort && bytes[i] == kControllerReset) {
      end(StopReason::guest_reset, "keyboard controller reset");
      return false;
    } else if (!is_output) {
      // No device: the bus floats. The controller is always ready to take a command.
      bytes[i] = port == kControllerPort ? 0 : 0xff;
    }
  }
  return true;
}

// On a vCPU's thread. The first to come counts: finish() runs once.
void KvmMachine::end(StopReason reason, std::string detail) {
  loop_->post(scope_,
              [this, stop = MachineStop{.reason = reason, .detail = std::move(detail)}] { finish(stop); });
}

void KvmMachine::finish(const MachineStop& stop) {
  if (state_ != State::running) {
    return;
  }
  state_ = State::stopped;
  gate_.stop();
  for (Cpu& cpu : cpus_) {
    cpu.thread.join();
  }
  bus_->detach();
  if (StopHandler handler = std::exchange(on_stop_, nullptr)) {
    std::string detail = stop.detail;
    if (const std::string console = last_lines(console_tail(), kDetailBytes);
        stop.reason != StopReason::killed && !console.empty()) {
      detail += "; the guest's console ends:\n" + console;
    }
    // Posted: whoever called stop() is in the middle of something.
    loop_->post([handler = std::move(handler),
                 stop = MachineStop{.reason = stop.reason, .detail = std::move(detail)}] { handler(stop); });
  }
}

Result<void> KvmMachine::pause() {
  if (state_ != State::running) {
    return fail(EINVAL, "pause machine: it does not run");
  }
  gate_.pause();
  return {};
}

Result<void> KvmMachine::resume() {
  if (state_ != State::running) {
    return fail(EINVAL, "resume machine: it does not run");
  }
  gate_.resume();
  return {};
}

void KvmMachine::stop() {
  finish({.reason = StopReason::killed, .detail = "stopped by the host"});
}

}  // namespace caisson::vmm
