// SPDX-License-Identifier: Apache-2.0
#include "vmm/qemu/arguments.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "vmm/machine/command_line.h"

namespace caisson::vmm {
namespace {

// QEMU's option syntax: a comma inside a value is doubled.
std::string quoted(const std::string& value) {
  std::string out;
  for (const char c : value) {
    out.append(c == ',' ? 2 : 1, c);
  }
  return out;
}

// The tag is in the device's configuration space, which QEMU keeps itself for this device
// [virtio-1.2] 5.11.4.
std::string fs_options(const VirtioDevice& device) {
  std::array<char, 36> tag{};
  device.read_config(0, std::as_writable_bytes(std::span(tag)));
  const std::string text(tag.data(), ::strnlen(tag.data(), tag.size()));
  const auto sizes = device.queue_sizes();
  const uint16_t queue_size = sizes.empty() ? uint16_t{128} : *std::ranges::min_element(sizes);
  const size_t request_queues = sizes.size() > 1 ? sizes.size() - 1 : 1;
  return ",tag=" + quoted(text) + ",queue-size=" + std::to_string(queue_size) +
         ",num-request-queues=" + std::to_string(request_queues);
}

Result<std::string> device_option(const VirtioDevice& device) {
  switch (device.id()) {
    case VirtioDeviceId::rng:
      return std::string("vhost-user-rng");
    case VirtioDeviceId::vsock:
      return std::string("vhost-user-vsock-device");
    case VirtioDeviceId::fs:
      return "vhost-user-fs-device" + fs_options(device);
    default:
      return fail(ENOTSUP,
                  "attach " + std::string(device.name()) + " to QEMU: it has no vhost-user device for it");
  }
}

std::string machine_option() {
  return "microvm"
         ",acpi=off"  // else the virtio devices are in ACPI tables and not on the kernel's command line
         ",pit=off,pic=off"    // the kernel is told its clocks' frequencies; saves their emulation and set-up
         ",rtc=on"             // the guest's wall clock comes from it
         ",isa-serial=on"      // the console
         ",x-option-roms=off"  // none is needed for direct boot by PVH but the one -kernel brings
         ",dump-guest-core=off"  // a core dump of QEMU shall not hold the guest
         ",memory-backend=ram";
}

std::string accelerator_option(const QemuOptions& options, const MachineConfig& config) {
  if (options.accelerator == QemuAccelerator::kvm) {
    return "kvm";
  }
  // LIMIT: 128 MiB of translated code; QEMU's own default is up to 1 GiB, which would be the largest part of
  // us.
  return config.all_cpus() > 1 ? "tcg,thread=multi,tb-size=128" : "tcg,thread=single,tb-size=128";
}

std::string cpu_option(const QemuOptions& options) {
  // TCG emulates `rep movsb` a byte at a time, slower than the loops Linux falls back to without erms and
  // fsrm.
  return options.accelerator == QemuAccelerator::kvm ? "host" : "max,-erms,-fsrm";
}

// TCG speculates on nothing, and its clocks need not be measured. Under -icount the time stamp counter counts
// instructions, one a nanosecond.
std::string tcg_words(const MachineConfig& config, uint64_t tsc_khz) {
  return "mitigations=off lapic_timer_khz=1000000 tsc_early_khz=" +
         std::to_string(config.count_instructions ? 1'000'000 : tsc_khz);
}

}  // namespace

Result<std::vector<std::string>> qemu_arguments(const MachineConfig& config, const QemuOptions& options,
                                                const QemuDescriptors& descriptors,
                                                const std::vector<QemuDevice>& devices, uint64_t tsc_khz) {
  const std::string memory = std::to_string(config.ram_bytes() >> 20U) + "M";
  // Opened anew by QEMU: whoever swaps the path meanwhile changes nothing.
  const auto path = [](int fd) { return "/proc/self/fd/" + std::to_string(fd); };
  // clang-format off: an option and its value on a line
  std::vector<std::string> arguments{
      "qemu-system-x86_64",
      "-name",
      "caisson,process=qemu-system-x86",  // executed by a descriptor, it would be called by its number
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-no-reboot",  // the guest's reset ends QEMU
      "-M",
      machine_option(),
      "-accel",
      accelerator_option(options, config),
      "-cpu",
      cpu_option(options),
      "-smp",
      std::to_string(config.all_cpus()),
      "-m",
      memory,
      "-object",
      // Ours, so that it is sealed and in huge pages where that pays; aligned, so that QEMU maps those as
      // such.
      "memory-backend-file,id=ram,share=on,align=2M,size=" + memory + ",mem-path=" + path(descriptors.memory),
      // Our devices are modern ones; QEMU's transport is a legacy one unless told.
      "-global",
      "virtio-mmio.force-legacy=false",
      "-chardev",
      "socket,id=console,fd=" + std::to_string(descriptors.console),
      "-serial",
      "chardev:console",
      "-chardev",
      "socket,id=monitor,fd=" + std::to_string(descriptors.monitor),
      "-mon",
      "chardev=monitor,mode=control",
      "-kernel",
      path(descriptors.kernel),
      "-initrd",
      path(descriptors.initramfs),
      "-append",
      kernel_command_line(config,
                          options.accelerator == QemuAccelerator::tcg ? tcg_words(config, tsc_khz) : ""),
  };
  // clang-format on
  if (config.count_instructions) {
    // sleep=off: an idle guest's clock jumps to its next timer, so that no host time enters the count.
    arguments.insert(arguments.end(), {"-icount", "shift=0,sleep=off"});
  }
  for (size_t i = 0; i < devices.size(); ++i) {
    const std::string id = "vhost" + std::to_string(i);
    const std::string option = TRY(device_option(*devices[i].device));
    arguments.insert(arguments.end(),
                     {"-chardev", "socket,id=" + id + ",fd=" + std::to_string(devices[i].socket), "-device",
                      option + ",chardev=" + id});
  }
  return arguments;
}

}  // namespace caisson::vmm
