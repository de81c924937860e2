// SPDX-License-Identifier: Apache-2.0
#include "vmm/boot/device_tree.h"

#include <libfdt.h>

#include <array>
#include <string>
#include <string_view>

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

constexpr uint32_t kIoApicHandle = 1;
// Not IRQ_TYPE_*: an index into x86's own table (docs/boot-device-tree.md).
constexpr uint32_t kEdgeRising = 3;

std::string hex(uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value != 0);
  return text;
}

// libfdt's sequential writer, with the first refusal kept so that the tree reads as a tree.
class Writer {
 public:
  explicit Writer(std::vector<std::byte>& blob) : blob_(blob.data()) {
    keep(fdt_create(blob_, static_cast<int>(blob.size())));
    keep(fdt_finish_reservemap(blob_));
  }

  void begin(const std::string& name) { keep(fdt_begin_node(blob_, name.c_str())); }
  void end() { keep(fdt_end_node(blob_)); }
  void flag(const char* name) { keep(fdt_property(blob_, name, nullptr, 0)); }
  void text(const char* name, std::string_view value) {
    const std::string terminated(value);
    keep(fdt_property(blob_, name, terminated.c_str(), static_cast<int>(terminated.size() + 1)));
  }
  void cell(const char* name, uint32_t value) { keep(fdt_property_u32(blob_, name, value)); }
  void cells(const char* name, std::span<const uint32_t> values) {
    std::vector<fdt32_t> big_endian;
    for (const uint32_t value : values) {
      big_endian.push_back(cpu_to_fdt32(value));
    }
    keep(fdt_property(blob_, name, big_endian.data(), static_cast<int>(big_endian.size() * sizeof(fdt32_t))));
  }
  // Two cells of address, two of size.
  void reg(GuestAddress address, uint64_t size_bytes) {
    const uint64_t start = to_u64(address);
    cells("reg", std::array{static_cast<uint32_t>(start >> 32U), static_cast<uint32_t>(start),
                            static_cast<uint32_t>(size_bytes >> 32U), static_cast<uint32_t>(size_bytes)});
  }

  Result<size_t> finish() {
    keep(fdt_finish(blob_));
    if (error_ != 0) {
      return fail(EOVERFLOW, std::string("build device tree: ") + fdt_strerror(error_));
    }
    return size_t{fdt_totalsize(blob_)};
  }

 private:
  void keep(int result) {
    if (error_ == 0 && result < 0) {
      error_ = result;
    }
  }

  void* blob_;
  int error_ = 0;
};

void write_cpus(Writer& writer, uint32_t count) {
  writer.begin("cpus");
  writer.cell("#address-cells", 1);
  writer.cell("#size-cells", 0);
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    writer.begin("cpu@" + hex(cpu));
    writer.text("device_type", "cpu");
    writer.cell("reg", cpu);
    writer.end();
  }
  writer.end();
}

void write_interrupt_controllers(Writer& writer) {
  writer.begin("interrupt-controller@" + hex(to_u64(layout::kLocalApic)));
  writer.text("compatible", "intel,ce4100-lapic");
  writer.reg(layout::kLocalApic, 0x1000);
  writer.flag("intel,virtual-wire-mode");
  writer.end();
  writer.begin("interrupt-controller@" + hex(to_u64(layout::kIoApic)));
  writer.text("compatible", "intel,ce4100-ioapic");
  writer.reg(layout::kIoApic, 0x1000);
  writer.flag("interrupt-controller");
  writer.cell("#interrupt-cells", 2);
  writer.cell("phandle", kIoApicHandle);
  writer.end();
}

}  // namespace

Result<std::vector<std::byte>> build_device_tree(const DeviceTree& tree) {
  std::vector<std::byte> blob(kMaxDeviceTreeBytes);
  Writer writer(blob);
  writer.begin("");
  writer.cell("#address-cells", 2);
  writer.cell("#size-cells", 2);
  writer.text("compatible", "caisson,machine");
  writer.text("model", "caisson");
  writer.cell("interrupt-parent", kIoApicHandle);
  write_cpus(writer, tree.cpus);
  for (const GuestMemory::Region& region : tree.memory) {
    writer.begin("memory@" + hex(to_u64(region.start)));
    writer.text("device_type", "memory");
    writer.reg(region.start, region.size_bytes);
    writer.end();
  }
  write_interrupt_controllers(writer);
  for (const DeviceTree::Device& device : tree.devices) {
    writer.begin("virtio_mmio@" + hex(to_u64(device.address)));
    writer.text("compatible", "virtio,mmio");
    writer.reg(device.address, device.size_bytes);
    writer.cells("interrupts", std::array{device.pin, kEdgeRising});
    writer.end();
  }
  writer.end();
  blob.resize(TRY(writer.finish()));
  return blob;
}

}  // namespace caisson::vmm
