// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/qemu_machine.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "vmm/qemu/arguments.h"
#include "vmm/qemu/boot_memory.h"
#include "vmm/qemu/inheritance.h"
#include "vmm/qemu/program.h"

namespace caisson::vmm {
namespace {

constexpr uint64_t kMinMemoryBytes = 32U << 20U;  // kernel, initramfs and agent do not fit in less

// Half of QEMU's start is page faults. Its heap in huge pages, grown in large steps, spares a third of them.
constexpr const char* kEnvironment = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=4194304";
constexpr auto kEndGrace = std::chrono::seconds(2);

Result<void> check(const MachineConfig& config) {
  TRY(check_size(config, kMinMemoryBytes));
  if (config.count_instructions && config.all_cpus() != 1) {
    return fail(EINVAL, "create machine: instructions can be counted with one CPU only");
  }
  return {};
}

constexpr const char* kKvmDevice = "/dev/kvm";

// QEMU opens it itself, as a member of the group that may.
Result<gid_t> group_of_kvm() {
  struct stat status {};
  if (::access(kKvmDevice, R_OK | W_OK) < 0 || ::stat(kKvmDevice, &status) < 0) {
    return fail_errno("open /dev/kvm for QEMU (choose software emulation, or give access to it)");
  }
  return status.st_gid;
}

}  // namespace

Result<std::unique_ptr<QemuMachine>> QemuMachine::create(const MachineConfig& config, EventLoop& main_loop,
                                                         const QemuOptions& options) {
  TRY(check(config));
  QemuOptions found = options;
  found.program = TRY(find_program(options.program));
  found.confine = found.confine && ::geteuid() == 0;
  std::unique_ptr<QemuMachine> machine(new QemuMachine(config, main_loop, std::move(found)));
  TRY(machine->open_files());
  TRY(machine->prepare_confinement());
  return machine;
}

QemuMachine::QemuMachine(MachineConfig config, EventLoop& main_loop, QemuOptions options)
    : config_(std::move(config)),
      loop_(&main_loop),
      options_(std::move(options)),
      streams_(config_.on_console_line) {}

QemuMachine::~QemuMachine() {
  on_stop_ = nullptr;
  stop();
  for (Attached& attached : devices_) {
    attached.loop->run_sync([&attached] { attached.server.reset(); });
  }
}

Result<void> QemuMachine::open_files() {
  memory_ = std::make_unique<GuestMemory>(TRY(GuestMemory::create(config_.ram_bytes())));
  kernel_ = TRY(open_file("guest kernel", config_.kernel));
  kernel_bytes_ = TRY(check_is_elf(kernel_.get(), config_.kernel));
  initramfs_ = TRY(open_file("initramfs", config_.initramfs));
  struct stat status {};
  if (::fstat(initramfs_.get(), &status) < 0) {
    return fail_errno("open initramfs " + config_.initramfs);
  }
  initramfs_bytes_ = static_cast<uint64_t>(status.st_size);
  return {};
}

Result<void> QemuMachine::prepare_confinement() {
  const bool kvm = options_.accelerator == QemuAccelerator::kvm;
  const gid_t group = kvm ? TRY(group_of_kvm()) : 0;
  if (!options_.confine) {
    return {};
  }
  user_ = std::make_unique<SandboxUser>(TRY(SandboxUser::claim(config_.users, options_.user_places)));
  confinement_ = std::make_unique<Confinement>(TRY(Confinement::prepare({.program = options_.program,
                                                                         .uid = user_->id(),
                                                                         .gid = kvm ? group : user_->id(),
                                                                         .device = kvm ? kKvmDevice : ""})));
  // It opens the file anew, by its descriptor's path.
  if (::fchown(memory_->regions().front().fd, user_->id(), user_->id()) < 0) {
    return fail_errno("give guest memory to user " + std::to_string(user_->id()) +
                      " (CAISSON_QEMU_USERS names ids that this host does not have)");
  }
  return {};
}

Result<void> QemuMachine::attach(VirtioDevice& device, EventLoop& loop) {
  if (child_ || cause_) {
    return fail(EBUSY, "attach " + std::string(device.name()) + ": the machine has been started");
  }
  SocketPair pair = TRY(make_socket_pair());
  // QEMU asks us for a vsock's configuration; an fs's it keeps itself, an rng has none, and it complains when
  // offered.
  const auto config_space = device.id() == VirtioDeviceId::vsock
                                ? vhost_user::Server::ConfigSpace::ours
                                : vhost_user::Server::ConfigSpace::front_ends;
  // Called on the device's loop, which may still do so while this goes.
  const auto on_end = [main_loop = loop_, tell = scope_.bind([this](const Error& error) {
    on_device_end(error);
  })](const Error& error) { main_loop->post([tell, error] { tell(error); }); };
  Attached attached{.device = &device, .loop = &loop, .qemu_end = std::move(pair.theirs), .server = nullptr};
  Result<void> served;
  loop.run_sync([&] {
    auto server = vhost_user::Server::create(device, loop, std::move(pair.ours), config_space, on_end);
    if (server) {
      attached.server = std::move(*server);
    } else {
      served = tl::unexpected(std::move(server).error());
    }
  });
  TRY(std::move(served));
  devices_.push_back(std::move(attached));
  return {};
}

Result<std::vector<std::string>> QemuMachine::arguments(int console, int monitor) const {
  std::vector<QemuDevice> devices;
  for (const Attached& attached : devices_) {
    devices.push_back({.device = attached.device, .socket = attached.qemu_end.get()});
  }
  const QemuDescriptors descriptors{.memory = memory_->regions().front().fd,
                                    .kernel = kernel_.get(),
                                    .initramfs = initramfs_.get(),
                                    .console = console,
                                    .monitor = monitor};
  const bool tsc_matters = options_.accelerator == QemuAccelerator::tcg && !config_.count_instructions;
  return qemu_arguments(config_, options_, descriptors, devices, tsc_matters ? config_.clock.tsc_khz() : 0);
}

Result<void> QemuMachine::start(StopHandler on_stop) {
  if (child_ || cause_) {
    return fail(EBUSY, "start machine: it has been started");
  }
  const QemuStreams::Ends ends = TRY(streams_.open());
  Child::Spec spec{.program = options_.program,
                   .arguments = TRY(arguments(ends.console.get(), ends.monitor.get())),
                   .environment = {kEnvironment},
                   .inherited = {memory_->regions().front().fd, kernel_.get(), initramfs_.get(),
                                 ends.console.get(), ends.monitor.get()},
                   .standard_error = ends.complaints.get(),
                   .confinement = confinement_.get()};
  if (user_) {
    // Its user stays taken until QEMU, too, has ended.
    spec.inherited.push_back(user_->lock());
  }
  for (const Attached& attached : devices_) {
    spec.inherited.push_back(attached.qemu_end.get());
  }
  child_ = std::make_unique<Child>(TRY_CONTEXT("start machine", Child::spawn(spec)));
  // While QEMU's loader is at work, on another CPU. Devices map the memory anew, when QEMU hands it to them.
  back_boot_memory(*memory_, {.kernel_bytes = kernel_bytes_,
                              .initramfs_bytes = initramfs_bytes_,
                              .memory_bytes = config_.memory_bytes});
  memory_.reset();
  for (Attached& attached : devices_) {
    attached.qemu_end.reset();
  }
  confinement_.reset();
  kernel_.reset();
  initramfs_.reset();
  on_stop_ = std::move(on_stop);
  return watch_child();
}

Result<void> QemuMachine::watch_child() {
  child_watch_ = TRY(loop_->watch(child_->pidfd(), EPOLLIN, [this](uint32_t) { on_child_end(); }));
  return streams_.watch(
      *loop_,
      {.on_event = [this](const QmpEvent& event) { on_event(event); },
       .on_breach = [this](const Error& error) { end_with(StopReason::machine_error, error.message); }});
}

void QemuMachine::on_event(const QmpEvent& event) {
  if (event.name == "SHUTDOWN") {
    const bool guest = event.reason.starts_with("guest-");
    // Nothing of QEMU's own orderly end is of use to anybody: end_with() spares us the wait for it.
    end_with(guest ? StopReason::guest_reset : StopReason::machine_error, "QEMU shut down: " + event.reason);
  } else if (event.name == "STOP") {
    // We never ask for it: QEMU halts the CPUs so when KVM fails it.
    end_with(StopReason::machine_error, "QEMU stopped the guest's CPUs");
  }
}

void QemuMachine::on_device_end(const Error& error) {
  if (!child_ || cause_) {
    return;
  }
  if (error.code != ECONNRESET) {
    end_with(StopReason::machine_error, error.message);
    return;
  }
  // QEMU closes its sockets a moment before it ends: let its end tell why, if it comes.
  if (!deadline_.is_pending()) {
    deadline_ = loop_->after(
        kEndGrace, [this, message = error.message] { end_with(StopReason::machine_error, message); });
  }
}

void QemuMachine::end_with(StopReason reason, std::string detail) {
  if (child_ && !cause_) {
    cause_ = MachineStop{.reason = reason, .detail = std::move(detail)};
    child_->kill();  // on_child_end() follows
  }
}

void QemuMachine::on_child_end() {
  // Its last words first: they may hold the cause.
  streams_.read_rest();
  const Child::Exit exit = child_->reap();
  if (!cause_ && !exit.signalled && exit.code == 0) {
    cause_ = MachineStop{.reason = StopReason::guest_reset, .detail = "QEMU ended"};
  }
  if (!cause_) {
    cause_ = MachineStop{.reason = StopReason::machine_error, .detail = "QEMU ended with " + describe(exit)};
  }
  const std::string complaint = streams_.complaint();
  if (cause_->reason == StopReason::machine_error && !complaint.empty()) {
    cause_->detail += "; it says: " + complaint;
  }
  if (const std::string console = streams_.console_end(); !console.empty()) {
    cause_->detail += "; the guest's console ends:\n" + console;
  }
  finish(*cause_);
}

void QemuMachine::unwatch() {
  deadline_.cancel();
  streams_.unwatch();
  child_watch_.reset();
}

void QemuMachine::finish(MachineStop stop) {
  unwatch();
  child_.reset();
  if (const StopHandler handler = std::exchange(on_stop_, nullptr)) {
    handler(std::move(stop));
  }
}

Result<void> QemuMachine::pause() {
  if (!child_) {
    return fail(ESRCH, "pause machine: it is not running");
  }
  return child_->pause();
}

Result<void> QemuMachine::resume() {
  if (!child_) {
    return fail(ESRCH, "resume machine: it is not running");
  }
  return child_->resume();
}

void QemuMachine::stop() {
  if (!child_) {
    return;
  }
  child_->kill();
  child_->reap();
  streams_.read_console();
  unwatch();
  child_.reset();
  if (!cause_) {
    cause_ = MachineStop{.reason = StopReason::killed, .detail = "stopped by the host"};
  }
  // Posted, as the contract has it on the loop: the caller is in the middle of something.
  if (StopHandler handler = std::exchange(on_stop_, nullptr)) {
    loop_->post([handler = std::move(handler), stop = *cause_] { handler(stop); });
  }
}

std::string QemuMachine::console_tail() const {
  return streams_.console_tail();
}

}  // namespace caisson::vmm
