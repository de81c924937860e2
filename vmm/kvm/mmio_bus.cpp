// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/mmio_bus.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>

#include "vmm/boot/layout.h"

namespace caisson::vmm {
namespace {

using mmio::Register;

constexpr uint64_t kStart = to_u64(layout::kVirtioMmio);
constexpr size_t kAllPagesBytes = layout::kMaxVirtioDevices * layout::kVirtioMmioBytes;
static_assert(layout::kVirtioMmioBytes == mmio::kRegisterBytes);

// The entries of the ring, behind its two indices; kvm_coalesced_mmio_ring itself has another layout in C++
// than in C.
constexpr size_t kRingHeadBytes = 8;
constexpr uint32_t kRingEntries =
    (4096 - kRingHeadBytes) / sizeof(kvm_coalesced_mmio);  // KVM_COALESCED_MMIO_MAX

// Registers whose writes change nothing a driver can read: they may wait until one that does.
struct Zone {
  Register first;
  uint32_t size_bytes;
};
constexpr std::array kCoalesced = {
    Zone{Register::DriverFeatures, 8},                                // and DriverFeaturesSel
    Zone{Register::QueueNum, 4}, Zone{Register::QueueDescLow, 0x28},  // the six address registers
};

constexpr GuestAddress at(GuestAddress page, Register offset) {
  return GuestAddress{to_u64(page) + static_cast<uint32_t>(offset)};
}

}  // namespace

struct MmioBus::Device {
  EventLoop* loop = nullptr;
  Event interrupt;
  // KVM signals it for InterruptACK = "used buffer", and nobody reads it: the bit stays set in
  // InterruptStatus, which with an edge-triggered line only means that drivers look at their rings. It saves
  // an exit per interrupt.
  Event acknowledged;
  std::vector<Event> kicks;
  std::vector<Watch> watches;  // of the kicks; goes on the loop's thread
  std::unique_ptr<mmio::Transport> transport;
};

void MmioBus::Unmap::operator()(std::byte* pages) const {
  ::munmap(pages, kAllPagesBytes);
}

Result<std::unique_ptr<MmioBus>> MmioBus::create(const Vm& vm, const GuestMemory& memory, VcpuGate& gate) {
  void* const pages =
      ::mmap(nullptr, kAllPagesBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) {
    return fail_errno("map device registers");
  }
  return std::unique_ptr<MmioBus>(
      new MmioBus(vm, memory, gate, std::unique_ptr<std::byte, Unmap>(static_cast<std::byte*>(pages))));
}

MmioBus::MmioBus(const Vm& vm, const GuestMemory& memory, VcpuGate& gate,
                 std::unique_ptr<std::byte, Unmap> pages)
    : vm_(&vm), memory_(&memory), gate_(&gate), pages_(std::move(pages)) {}

MmioBus::~MmioBus() {
  detach();
}

Result<void> MmioBus::attach(VirtioDevice& device, EventLoop& loop) {
  const std::string name(device.name());
  if (devices_.size() == layout::kMaxVirtioDevices) {
    return fail(ENOSPC, "attach " + name + ": a machine has at most " +
                            std::to_string(layout::kMaxVirtioDevices) + " devices");
  }
  auto added = std::make_unique<Device>(Device{.loop = &loop,
                                               .interrupt = TRY(Event::create()),
                                               .acknowledged = TRY(Event::create()),
                                               .kicks = {},
                                               .watches = {},
                                               .transport = nullptr});
  Device* const self = added.get();
  mmio::Transport::Host host{
      .interrupt = [self] { self->interrupt.raise(); },
      .on_loop = [this, self](const std::function<void()>& task) { gate_->call(*self->loop, task); },
      // LIMIT: a driver may reset the device and break the rules again for ever; the log is the host's disk.
      .complain =
          [name, left = 8](std::string_view reason) mutable {
            if (left > 0) {
              --left;
              spdlog::warn("stop device {}: {}", name, reason);
            }
          },
  };
  const size_t index = devices_.size();
  const std::span<std::byte, mmio::kRegisterBytes> page(pages_.get() + index * mmio::kRegisterBytes,
                                                        mmio::kRegisterBytes);
  loop.run_sync([&] {
    added->transport =
        std::make_unique<mmio::Transport>(device, *memory_, mmio::RegisterPage(page), std::move(host));
  });
  devices_.push_back(std::move(added));
  TRY(vm_->connect_interrupt(layout::kFirstVirtioPin + static_cast<uint32_t>(index), self->interrupt.fd()));
  TRY_CONTEXT("attach " + name, connect_queues(*self, devices()[index].address));
  return {};
}

Result<void> MmioBus::connect_queues(Device& device, GuestAddress address) {
  TRY(vm_->connect_write(at(address, Register::InterruptACK), mmio::kUsedBuffer, device.acknowledged.fd()));
  const size_t queues = device.transport->device().queue_sizes().size();
  for (uint32_t queue = 0; queue < queues; ++queue) {
    device.kicks.push_back(TRY(Event::create()));
    const Event& kick = device.kicks.back();
    TRY(vm_->connect_write(at(address, Register::QueueNotify), queue, kick.fd()));
    Result<void> watched;
    device.loop->run_sync([&] {
      auto watch = device.loop->watch(kick.fd(), EPOLLIN, [self = &device, queue](uint32_t) {
        self->kicks[queue].clear();
        self->transport->kick(queue);
      });
      if (watch) {
        device.watches.push_back(std::move(*watch));
      } else {
        watched = tl::unexpected(std::move(watch).error());
      }
    });
    TRY(std::move(watched));
  }
  return {};
}

std::vector<DeviceTree::Device> MmioBus::devices() const {
  std::vector<DeviceTree::Device> list;
  for (uint32_t i = 0; i < devices_.size(); ++i) {
    list.push_back({.address = GuestAddress{kStart + i * layout::kVirtioMmioBytes},
                    .size_bytes = layout::kVirtioMmioBytes,
                    .pin = layout::kFirstVirtioPin + i});
  }
  return list;
}

Result<void> MmioBus::connect(uint32_t slot, kvm_coalesced_mmio_ring* ring) {
  if (devices_.empty()) {
    return {};
  }
  ring_ = ring;
  for (const DeviceTree::Device& device : devices()) {
    for (const Zone& zone : kCoalesced) {
      if (ring_ != nullptr) {
        TRY(vm_->coalesce_writes(at(device.address, zone.first), zone.size_bytes));
      }
    }
  }
  const std::span<std::byte> shown(pages_.get(), devices_.size() * mmio::kRegisterBytes);
  return vm_->set_memory(slot, layout::kVirtioMmio, shown, Vm::Access::read_only);
}

MmioBus::Device* MmioBus::find(uint64_t address) {
  if (address < kStart || (address - kStart) / mmio::kRegisterBytes >= devices_.size()) {
    return nullptr;
  }
  return devices_[(address - kStart) / mmio::kRegisterBytes].get();
}

void MmioBus::read(uint64_t address, std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  drain_ring();
  if (const Device* device = find(address)) {
    device->transport->read(static_cast<uint32_t>((address - kStart) % mmio::kRegisterBytes), out);
  } else {
    std::ranges::fill(out, std::byte{0xff});
  }
}

void MmioBus::write(uint64_t address, std::span<const std::byte> in) {
  const std::lock_guard lock(mutex_);
  drain_ring();
  if (const Device* device = find(address)) {
    device->transport->write(static_cast<uint32_t>((address - kStart) % mmio::kRegisterBytes), in);
  }
}

// The writes that waited, in their order. The ring is the kernel's, not the guest's: its entries are whole.
void MmioBus::drain_ring() {
  if (ring_ == nullptr) {
    return;
  }
  const std::atomic_ref first(ring_->first);
  // ORDERING: acquire pairs with KVM's barrier between an entry and the index; release gives the entries
  // back.
  const uint32_t last = std::atomic_ref(ring_->last).load(std::memory_order_acquire) % kRingEntries;
  uint32_t index = first.load(std::memory_order_relaxed) % kRingEntries;
  while (index != last) {
    kvm_coalesced_mmio entry{};
    std::memcpy(&entry, reinterpret_cast<const char*>(ring_) + kRingHeadBytes + index * sizeof(entry),
                sizeof(entry));
    if (const Device* device = find(entry.phys_addr)) {
      device->transport->write(static_cast<uint32_t>((entry.phys_addr - kStart) % mmio::kRegisterBytes),
                               std::as_bytes(std::span(entry.data)).first(std::min<size_t>(entry.len, 8)));
    }
    index = (index + 1) % kRingEntries;
    first.store(index, std::memory_order_release);
  }
}

void MmioBus::detach() {
  for (const auto& device : devices_) {
    device->loop->run_sync([&device] {
      device->watches.clear();
      if (device->transport) {
        device->transport->detach();
      }
    });
  }
}

}  // namespace caisson::vmm
