// SPDX-License-Identifier: Apache-2.0
// The device tree, read back with libfdt the way Linux reads it (docs/boot-device-tree.md).
#include "vmm/boot/device_tree.h"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <string>

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

class BuiltTree {
 public:
  explicit BuiltTree(const DeviceTree& tree) : blob_(build_device_tree(tree).value()) {
    EXPECT_EQ(fdt_check_full(blob_.data(), blob_.size()), 0);
  }

  [[nodiscard]] int node(const char* path) const { return fdt_path_offset(blob_.data(), path); }
  [[nodiscard]] std::vector<uint32_t> cells(const char* path, const char* name) const {
    int bytes = 0;
    const void* const data = fdt_getprop(blob_.data(), node(path), name, &bytes);
    std::vector<uint32_t> values;
    for (int i = 0; data != nullptr && i < bytes; i += 4) {
      values.push_back(fdt32_ld(static_cast<const fdt32_t*>(data) + i / 4));
    }
    return values;
  }
  [[nodiscard]] std::string text(const char* path, const char* name) const {
    const auto* const data = static_cast<const char*>(fdt_getprop(blob_.data(), node(path), name, nullptr));
    return data == nullptr ? "" : data;
  }
  [[nodiscard]] int children(const char* path) const {
    int count = 0;
    for (int child = fdt_first_subnode(blob_.data(), node(path)); child >= 0;
         child = fdt_next_subnode(blob_.data(), child)) {
      ++count;
    }
    return count;
  }
  [[nodiscard]] size_t size() const { return blob_.size(); }

 private:
  std::vector<std::byte> blob_;
};

using Cells = std::vector<uint32_t>;

TEST(device_tree, cpus_have_their_apic_ids) {
  const BuiltTree tree({.cpus = 17, .devices = {}, .memory = {}});
  EXPECT_EQ(tree.cells("/cpus", "#address-cells"), Cells{1});
  EXPECT_EQ(tree.cells("/cpus", "#size-cells"), Cells{0});
  EXPECT_EQ(tree.children("/cpus"), 17);
  EXPECT_EQ(tree.cells("/cpus/cpu@10", "reg"), Cells{16});
  EXPECT_EQ(tree.text("/cpus/cpu@10", "device_type"), "cpu");
}

TEST(device_tree, interrupt_controllers_are_what_x86_knows) {
  const BuiltTree tree({.cpus = 1, .devices = {}, .memory = {}});
  EXPECT_EQ(tree.text("/interrupt-controller@fee00000", "compatible"), "intel,ce4100-lapic");
  EXPECT_EQ(tree.text("/interrupt-controller@fec00000", "compatible"), "intel,ce4100-ioapic");
  EXPECT_EQ(tree.cells("/interrupt-controller@fec00000", "#interrupt-cells"), Cells{2});
  EXPECT_EQ(tree.cells("/interrupt-controller@fec00000", "reg"), (Cells{0, 0xfec0'0000, 0, 0x1000}));
  EXPECT_EQ(tree.cells("/", "interrupt-parent"), tree.cells("/interrupt-controller@fec00000", "phandle"));
}

TEST(device_tree, devices_have_register_pages_and_edge_interrupts) {
  const BuiltTree tree(
      {.cpus = 1,
       .devices = {{GuestAddress{0xd000'0000}, 0x1000, 5}, {GuestAddress{0xd000'1000}, 0x1000, 6}},
       .memory = {}});
  EXPECT_EQ(tree.text("/virtio_mmio@d0001000", "compatible"), "virtio,mmio");
  EXPECT_EQ(tree.cells("/virtio_mmio@d0001000", "reg"), (Cells{0, 0xd000'1000, 0, 0x1000}));
  EXPECT_EQ(tree.cells("/virtio_mmio@d0001000", "interrupts"), (Cells{6, 3}));
}

TEST(device_tree, memory_above_four_gib_has_its_high_cells) {
  const GuestMemory::Region high{.start = GuestAddress{0x1'0000'0000}, .size_bytes = 0x2'0000'0000};
  const BuiltTree tree({.cpus = 1, .devices = {}, .memory = std::span(&high, 1)});
  EXPECT_EQ(tree.cells("/memory@100000000", "reg"), (Cells{1, 0, 2, 0}));
}

TEST(device_tree, largest_machine_fits_what_linux_maps) {
  DeviceTree largest{.cpus = 64, .devices = {}, .memory = {}};
  for (uint32_t i = 0; i < layout::kMaxVirtioDevices; ++i) {
    largest.devices.push_back(
        {GuestAddress{to_u64(layout::kVirtioMmio) + i * uint64_t{0x1000}}, 0x1000, 5 + i});
  }
  EXPECT_LT(BuiltTree(largest).size(), kMaxDeviceTreeBytes);
}

TEST(device_tree, tree_that_does_not_fit_is_refused) {
  EXPECT_FALSE(build_device_tree({.cpus = 100'000, .devices = {}, .memory = {}}));
}

}  // namespace
}  // namespace caisson::vmm
