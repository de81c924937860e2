// SPDX-License-Identifier: Apache-2.0
// Boots a guest on QemuMachine or KvmMachine, with no runtime around it, and prints when what happened: for
// measuring and for looking at a kernel. Run by hand and by the tier containers (tests/devices/qemu).
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "vmm/kvm/kvm_machine.h"
#include "vmm/qemu/qemu_machine.h"
#include "vmm/virtio/fs/device.h"
#include "vmm/virtio/rng/device.h"
#include "vmm/virtio/vsock/device.h"

namespace caisson::vmm {
namespace {

struct Request {
  MachineConfig machine;
  QemuOptions qemu;
  bool kvm = false;  // our own machine
  bool qemu_kvm = false;
  uint64_t memory_mib = 128;
  std::string vsock;  // path of its socket
  std::string share;  // a directory for a virtio-fs with the tag "caisson"
  uint32_t seconds = 60;
};

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Result<std::unique_ptr<fs::Device>> share(const std::string& path, EventLoop& loop) {
  UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    return fail_errno("open " + path);
  }
  fs::Device::Config config;
  config.server.exports.push_back(
      {.name = "share", .fd = std::move(directory), .read_only = false, .exclusive = false});
  return fs::Device::create(std::move(config), loop);
}

// A loop on a thread of its own, joined at the end.
class DeviceThread {
 public:
  explicit DeviceThread(EventLoop& loop) : loop_(&loop), thread_([&loop] { (void)loop.run(); }) {}
  ~DeviceThread() {
    loop_->stop();
    thread_.join();
  }
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

 private:
  EventLoop* loop_;
  std::thread thread_;
};

Result<std::unique_ptr<Machine>> create(const Request& request, EventLoop& loop) {
  if (request.kvm) {
    return TRY(KvmMachine::create(request.machine, loop));
  }
  QemuOptions options = request.qemu;
  options.accelerator = request.qemu_kvm ? QemuAccelerator::kvm : QemuAccelerator::tcg;
  return TRY(QemuMachine::create(request.machine, loop, options));
}

Result<int> boot(const Request& request) {
  auto loop = TRY(EventLoop::create());
  auto device_loop = TRY(EventLoop::create());
  vsock::Device vsock(*device_loop);
  rng::Device rng(*device_loop);
  std::unique_ptr<fs::Device> fs;
  if (!request.share.empty()) {
    fs = TRY(share(request.share, *device_loop));
  }
  if (!request.vsock.empty()) {
    TRY(vsock.muxer().clients().listen(request.vsock));
  }
  const DeviceThread thread(*device_loop);

  const auto start = Clock::now();
  const std::unique_ptr<Machine> machine = TRY(create(request, *loop));
  TRY(machine->attach(vsock, *device_loop));
  TRY(machine->attach(rng, *device_loop));
  if (fs) {
    TRY(machine->attach(*fs, *device_loop));
  }
  MachineStop end;
  TRY(machine->start([&](MachineStop stop) {
    end = std::move(stop);
    loop->stop();
  }));
  const double started = ms_since(start);
  const Timer end_of_patience = loop->after(std::chrono::seconds(request.seconds), [&] { machine->stop(); });
  TRY(loop->run());
  const double ended = ms_since(start);
  std::printf("%s", machine->console_tail().c_str());
  for (const Machine::Count& each : machine->counters()) {
    std::printf("exits: %s %llu\n", each.name.c_str(), static_cast<unsigned long long>(each.value));
  }
  std::printf("the machine runs after %.1f ms; machine stopped after %.1f ms (reason %d): %s\n", started,
              ended, static_cast<int>(end.reason), end.detail.c_str());
  return end.reason == StopReason::guest_reset ? 0 : 1;
}

}  // namespace
}  // namespace caisson::vmm

int main(int argc, char** argv) {
  caisson::vmm::Request request;
  CLI::App app(
      "Boots a guest on one machine and prints its console and times. Exit code 0: the guest reset itself.");
  app.add_option("--kernel", request.machine.kernel, "vmlinux")->required();
  app.add_option("--initramfs", request.machine.initramfs, "cpio archive")->required();
  app.add_option("--memory", request.memory_mib, "MiB");
  app.add_option("--cpus", request.machine.cpus);
  app.add_option("--append", request.machine.extra_kernel_arguments);
  app.add_option("--vsock", request.vsock, "Unix socket that leads to the guest's vsock ports");
  app.add_option("--share", request.share, "directory to serve as virtio-fs, tag caisson");
  app.add_option("--seconds", request.seconds, "cut the power after so many");
  app.add_option("--qemu", request.qemu.program);
  app.add_flag("--kvm", request.kvm, "on KvmMachine, not on QemuMachine");
  app.add_flag("--qemu-kvm", request.qemu_kvm, "QEMU uses KVM too");
  app.add_flag("--console", request.machine.console, "the kernel logs to the console");
  app.add_flag("--count", request.machine.count_instructions,
               "the guest's time stamp counter counts instructions");
  CLI11_PARSE(app, argc, argv);
  request.machine.memory_bytes = request.memory_mib << 20U;
  const auto done = caisson::vmm::boot(request);
  if (!done) {
    std::fprintf(stderr, "qemu_boot: %s\n", done.error().message.c_str());
    return 2;
  }
  return *done;
}
