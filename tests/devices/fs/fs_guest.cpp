// SPDX-License-Identifier: Apache-2.0
// Boots a guest under QEMU with our file system device and given exports, and waits until it resets. Run by
// tests/devices/fs/run; knows nothing of what the guest does.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "vmm/qemu/qemu_machine.h"
#include "vmm/virtio/fs/device.h"
#include "vmm/virtio/fs/operations.h"

namespace caisson {
namespace {

struct Options {
  std::string kernel;
  std::string initramfs;
  std::vector<std::string> exports;  // NAME=PATH[,ro][,exclusive]
  uint64_t memory_mib = 512;
  uint32_t cpus = 1;
  bool writeback = false;
  bool count = false;
  uint32_t timeout_s = 280;
  std::string arguments;
};

Result<vmm::fs::Export> parse_export(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return fail(EINVAL, "parse --export " + text + ": expected NAME=PATH[,ro][,exclusive]");
  }
  const size_t comma = std::min(text.find(',', equals), text.size());
  const std::string path = text.substr(equals + 1, comma - equals - 1);
  const std::string flags = text.substr(comma) + ",";
  vmm::fs::Export one{.name = text.substr(0, equals),
                      .fd = UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)),
                      .read_only = flags.find(",ro,") != std::string::npos,
                      .exclusive = flags.find(",exclusive,") != std::string::npos};
  if (!one.fd) {
    return fail_errno("open " + path);
  }
  return one;
}

// On standard output, a line each: requests by their names, and kicks.
void print_counts(const vmm::fs::Device& device) {
  for (const auto& [opcode, count] : device.server().requests()) {
    std::printf("%s %llu\n", vmm::fs::find_operation(opcode)->name, static_cast<unsigned long long>(count));
  }
  std::printf("kicks %llu\n", static_cast<unsigned long long>(device.kicks()));
}

Result<int> run(const Options& options) {
  vmm::fs::Device::Config config;
  config.server.writeback_cache = options.writeback;
  for (const std::string& text : options.exports) {
    config.server.exports.push_back(TRY(parse_export(text)));
  }
  auto main_loop = TRY(EventLoop::create());
  auto file_loop = TRY(EventLoop::create());
  auto device = TRY(vmm::fs::Device::create(std::move(config), *file_loop));
  vmm::MachineConfig machine_config;
  machine_config.cpus = options.cpus;
  machine_config.memory_bytes = options.memory_mib << 20U;
  machine_config.kernel = options.kernel;
  machine_config.initramfs = options.initramfs;
  machine_config.extra_kernel_arguments = options.arguments;
  machine_config.console = true;
  auto machine = TRY(vmm::QemuMachine::create(machine_config, *main_loop));
  TRY(machine->attach(*device, *file_loop));
  std::thread files([&] { (void)file_loop->run(); });
  vmm::MachineStop stop;
  const auto started = machine->start([&](vmm::MachineStop reason) {
    stop = std::move(reason);
    main_loop->stop();
  });
  const Timer end = main_loop->after(std::chrono::seconds(options.timeout_s), [&] {
    stop.detail = "it did not end in time";
    stop.reason = vmm::StopReason::killed;
    main_loop->stop();
  });
  Result<void> ran = started ? main_loop->run() : started;
  const std::string console = machine->console_tail();
  machine.reset();
  file_loop->stop();
  files.join();
  if (options.count) {
    print_counts(*device);
  }
  TRY(std::move(ran));
  if (stop.reason != vmm::StopReason::guest_reset) {
    std::fprintf(stderr, "%s\n", console.c_str());
    return fail(EIO, "run the guest: " + stop.detail);
  }
  std::fprintf(stderr, "%s", console.c_str());
  return 0;
}

}  // namespace
}  // namespace caisson

int main(int argc, char** argv) {
  caisson::Options options;
  CLI::App app{"Boots a guest with a virtio-fs device and waits for its reset"};
  app.add_option("--kernel", options.kernel)->required();
  app.add_option("--initramfs", options.initramfs)->required();
  app.add_option("--export", options.exports, "NAME=PATH[,ro][,exclusive]");
  app.add_option("--memory", options.memory_mib, "MiB");
  app.add_option("--cpus", options.cpus);
  app.add_option("--append", options.arguments);
  app.add_option("--timeout", options.timeout_s, "seconds");
  app.add_flag("--count", options.count, "print how many requests and kicks there were");
  app.add_flag("--writeback", options.writeback);
  CLI11_PARSE(app, argc, argv);
  const auto result = caisson::run(options);
  if (!result) {
    std::fprintf(stderr, "fs_guest: %s\n", result.error().message.c_str());
    return 1;
  }
  return *result;
}
