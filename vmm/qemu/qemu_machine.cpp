// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/qemu_machine.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <span>
#include <utility>

#include "vmm/qemu/arguments.h"
#include "vmm/qemu/boot_memory.h"
#include "vmm/qemu/inheritance.h"

namespace caisson::vmm {
namespace {

constexpr size_t kConsoleTailBytes = 16384;       // LIMIT: Machine::console_tail() promises no more
constexpr size_t kComplaintTailBytes = 4096;      // LIMIT: QEMU's errors are a line or two
constexpr size_t kDetailBytes = 2048;             // LIMIT: what of either goes into a message
constexpr uint64_t kMinMemoryBytes = 32U << 20U;  // kernel, initramfs and agent do not fit in less

// Half of QEMU's start is page faults. Its heap in huge pages, grown in large steps, spares a third of them.
constexpr const char* kEnvironment = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=4194304";
constexpr auto kEndGrace = std::chrono::seconds(2);

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) < 0) {
      return fail_errno("execute " + name);
    }
    return name;
  }
  const char* path = ::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (colon > 0 && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return fail(ENOENT,
              "find " + name + ": not in PATH; install the package qemu-system-x86 (scripts/bootstrap run)");
}

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

std::string describe(const Child::Exit& exit) {
  const std::string number = std::to_string(exit.code);
  if (!exit.signalled) {
    return "status " + number;
  }
  return "signal " + number +
         (exit.code == SIGSYS ? ": it made a system call that its filter forbids (docs/threat-model.md)"
                              : "");
}

// Reads what is there into `sink`. LIMIT: 64 KiB a call, so that a guest that floods its console starves
// nobody.
template <typename Sink>
bool drain(int fd, Sink sink) {
  std::array<char, 4096> buffer{};
  for (int round = 0; round < 16; ++round) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count > 0) {
      sink(std::span<const char>(buffer.data(), static_cast<size_t>(count)));
      continue;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR);
  }
  return true;
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
      console_tail_(kConsoleTailBytes),
      console_lines_(config_.on_console_line),
      complaint_tail_(kComplaintTailBytes) {}

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
  SocketPair console = TRY(make_socket_pair());
  SocketPair monitor = TRY(make_socket_pair());
  SocketPair complaints = TRY(make_socket_pair());
  // Waits in the socket until QEMU reads it.
  if (::write(monitor.ours.get(), kQmpNegotiate.data(), kQmpNegotiate.size()) < 0) {
    return fail_errno("write to QEMU's monitor");
  }
  Child::Spec spec{.program = options_.program,
                   .arguments = TRY(arguments(console.theirs.get(), monitor.theirs.get())),
                   .environment = {kEnvironment},
                   .inherited = {memory_->regions().front().fd, kernel_.get(), initramfs_.get(),
                                 console.theirs.get(), monitor.theirs.get()},
                   .standard_error = complaints.theirs.get(),
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
  console_.fd = std::move(console.ours);
  monitor_.fd = std::move(monitor.ours);
  complaints_.fd = std::move(complaints.ours);
  on_stop_ = std::move(on_stop);
  return watch_child();
}

Result<void> QemuMachine::watch_child() {
  child_watch_ = TRY(loop_->watch(child_->pidfd(), EPOLLIN, [this](uint32_t) { on_child_end(); }));
  TRY(watch(console_, &QemuMachine::on_console));
  TRY(watch(monitor_, &QemuMachine::on_monitor));
  return watch(complaints_, &QemuMachine::on_complaint);
}

Result<void> QemuMachine::watch(Watched& stream, void (QemuMachine::*on_readable)()) {
  stream.watch =
      TRY(loop_->watch(stream.fd.get(), EPOLLIN, [this, on_readable](uint32_t) { (this->*on_readable)(); }));
  return {};
}

void QemuMachine::on_console() {
  if (!drain(console_.fd.get(), [this](std::span<const char> bytes) {
        console_tail_.append(bytes);
        console_lines_.append(bytes);
      })) {
    console_.watch.reset();
  }
}

void QemuMachine::on_complaint() {
  if (!drain(complaints_.fd.get(), [this](std::span<const char> bytes) { complaint_tail_.append(bytes); })) {
    complaints_.watch.reset();
  }
}

void QemuMachine::on_monitor() {
  const bool open = drain(monitor_.fd.get(), [this](std::span<const char> bytes) {
    const Result<std::vector<QmpEvent>> events = qmp_.feed(bytes);
    if (!events) {
      end_with(StopReason::machine_error, events.error().message);
      return;
    }
    std::ranges::for_each(*events, [this](const QmpEvent& event) { on_event(event); });
  });
  if (!open) {
    monitor_.watch.reset();
  }
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
  on_console();
  on_complaint();
  on_monitor();
  const Child::Exit exit = child_->reap();
  if (!cause_ && !exit.signalled && exit.code == 0) {
    cause_ = MachineStop{.reason = StopReason::guest_reset, .detail = "QEMU ended"};
  }
  if (!cause_) {
    cause_ = MachineStop{.reason = StopReason::machine_error, .detail = "QEMU ended with " + describe(exit)};
  }
  const std::string complaint = last_lines(complaint_tail_.text(), kDetailBytes);
  if (cause_->reason == StopReason::machine_error && !complaint.empty()) {
    cause_->detail += "; it says: " + complaint;
  }
  if (const std::string console = last_lines(console_tail_.text(), kDetailBytes); !console.empty()) {
    cause_->detail += "; the guest's console ends:\n" + console;
  }
  finish(*cause_);
}

void QemuMachine::unwatch() {
  deadline_.cancel();
  for (Watched* stream : {&console_, &monitor_, &complaints_}) {
    stream->watch.reset();
  }
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
  on_console();
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
  return console_tail_.text();
}

}  // namespace caisson::vmm
