// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/transport/mmio/transport.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace caisson::vmm::mmio {

namespace {

constexpr uint64_t kTransportFeatures = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;

}  // namespace

struct Transport::WriteRule {
  Register offset;
  Writer write;
};

const Transport::WriteRule* Transport::find_rule(Register offset) {
  static constexpr std::array kRules = {
      WriteRule{Register::DeviceFeaturesSel, &Transport::write_device_features_sel},
      WriteRule{Register::DriverFeatures, &Transport::write_driver_features},
      WriteRule{Register::DriverFeaturesSel, &Transport::write_driver_features_sel},
      WriteRule{Register::QueueSel, &Transport::write_queue_sel},
      WriteRule{Register::QueueNum, &Transport::write_queue_num},
      WriteRule{Register::QueueReady, &Transport::write_queue_ready},
      WriteRule{Register::QueueNotify, &Transport::write_queue_notify},
      WriteRule{Register::InterruptACK, &Transport::write_interrupt_ack},
      WriteRule{Register::Status, &Transport::write_status},
      WriteRule{Register::QueueDescLow,
                &Transport::write_queue_address<&QueueRegisters::Queue::descriptors, 0>},
      WriteRule{Register::QueueDescHigh,
                &Transport::write_queue_address<&QueueRegisters::Queue::descriptors, 32>},
      WriteRule{Register::QueueDriverLow, &Transport::write_queue_address<&QueueRegisters::Queue::driver, 0>},
      WriteRule{Register::QueueDriverHigh,
                &Transport::write_queue_address<&QueueRegisters::Queue::driver, 32>},
      WriteRule{Register::QueueDeviceLow, &Transport::write_queue_address<&QueueRegisters::Queue::device, 0>},
      WriteRule{Register::QueueDeviceHigh,
                &Transport::write_queue_address<&QueueRegisters::Queue::device, 32>},
  };
  const auto* const found = std::ranges::find(kRules, offset, &WriteRule::offset);
  return found == kRules.end() ? nullptr : found;
}

Transport::Transport(VirtioDevice& device, const GuestMemory& memory, RegisterPage page, Host host)
    : device_(device),
      memory_(memory),
      page_(page),
      host_(std::move(host)),
      queues_(device.queue_sizes(), page) {
  page_.store(Register::MagicValue, kMagic);
  page_.store(Register::Version, kVersion);
  page_.store(Register::DeviceID, static_cast<uint32_t>(device_.id()));
  page_.store(Register::VendorID, kVendor);
  // [virtio-1.2] 4.2.2: a region that does not exist has length and base -1. We have none.
  for (const Register offset :
       {Register::SHMLenLow, Register::SHMLenHigh, Register::SHMBaseLow, Register::SHMBaseHigh}) {
    page_.store(offset, UINT32_MAX);
  }
  page_.store(Register::Status, 0);
  page_.store(Register::InterruptStatus, 0);
  write_device_features_sel(0);
  show_config();
}

void Transport::read(uint32_t offset, std::span<std::byte> out) const {
  std::ranges::fill(out, std::byte{0});
  const auto bytes = page_.bytes();
  if (offset >= bytes.size()) {
    return;
  }
  const size_t count = std::min(out.size(), bytes.size() - offset);
  std::memcpy(out.data(), bytes.data() + offset, count);
}

void Transport::write(uint32_t offset, std::span<const std::byte> in) {
  if (offset >= kConfigStart) {
    write_config(offset - kConfigStart, in);
    return;
  }
  // [virtio-1.2] 4.2.2.2: "The driver MUST only use 32 bit wide and aligned reads and writes to access the
  // control registers". What is not so reaches no register.
  if (in.size() != sizeof(uint32_t) || offset % sizeof(uint32_t) != 0) {
    return;
  }
  uint32_t value = 0;
  std::memcpy(&value, in.data(), sizeof(value));
  if (const WriteRule* rule = find_rule(Register{offset})) {
    (this->*rule->write)(value);
  }
}

uint64_t Transport::offered_features() const {
  return device_.features() | kTransportFeatures;
}

void Transport::write_device_features_sel(uint32_t value) {
  device_features_sel_ = value;
  const uint64_t features = offered_features();
  // [virtio-1.2] 4.2.2: bits DeviceFeaturesSel * 32 and up; there are none from 64.
  page_.store(Register::DeviceFeatures, value == 0   ? static_cast<uint32_t>(features)
                                        : value == 1 ? static_cast<uint32_t>(features >> 32U)
                                                     : 0);
}

void Transport::write_driver_features(uint32_t value) {
  // [virtio-1.2] 3.1.1 step 4: features are written before FEATURES_OK; 2.2.1 forbids it later.
  if ((status() & FEATURES_OK) != 0 || driver_features_sel_ > 1) {
    return;
  }
  driver_features_ = with_half(driver_features_, 32 * driver_features_sel_, value);
}

void Transport::write_queue_sel(uint32_t value) {
  queues_.select(value);
}

void Transport::write_queue_num(uint32_t value) {
  queues_.set_size(value);
}

template <uint64_t QueueRegisters::Queue::*field, unsigned shift>
void Transport::write_queue_address(uint32_t value) {
  queues_.set_address(field, shift, value);
}

void Transport::write_queue_ready(uint32_t value) {
  if (queues_.set_ready(value) == QueueRegisters::Ready::live_queue_taken_back) {
    // [virtio-1.2] 4.2.2.2: taking a live queue back. A device cannot give back one queue alone: it stops, as
    // a whole, and the driver, which does this only to tear down, resets next.
    host_.on_loop([this] { deactivate(); });
    queues_.take_back();
  }
}

void Transport::write_queue_notify(uint32_t value) {
  host_.on_loop([this, value] { kick(value); });
}

void Transport::kick(uint32_t index) {
  if (active_ && index < queues_.count()) {
    device_.on_kick(static_cast<uint16_t>(index));
  }
}

void Transport::write_interrupt_ack(uint32_t value) {
  // [virtio-1.2] 4.2.2: "Writing a value with bits set as defined in InterruptStatus to this register
  // notifies the device that events causing the interrupt have been handled".
  page_.clear_bits(Register::InterruptStatus, value & (kUsedBuffer | kConfigChange));
}

void Transport::raise() {
  // ORDERING: the status before the line; the driver reads it in its handler.
  page_.set_bits(Register::InterruptStatus, kUsedBuffer);
  host_.interrupt();
}

void Transport::write_status(uint32_t value) {
  // [virtio-1.2] 4.2.2: "Writing 0x0 to this register triggers a device reset".
  if (value == 0) {
    reset();
    return;
  }
  const uint32_t before = status();
  // [virtio-1.2] 2.1.1: "The driver MUST NOT clear a device status bit". One that tries sets none either.
  const uint32_t drivers = before & ~DEVICE_NEEDS_RESET;
  if ((value & drivers) != drivers) {
    return;
  }
  const uint32_t added = value & ~before;
  // [virtio-1.2] 3.1.1: the bits come in this order.
  const uint32_t after = before | (added & (ACKNOWLEDGE | DRIVER | DRIVER_OK | FAILED));
  const bool order_kept = ((after & DRIVER) == 0 || (after & ACKNOWLEDGE) != 0) &&
                          ((added & FEATURES_OK) == 0 || (after & DRIVER) != 0) &&
                          ((added & DRIVER_OK) == 0 || (before & FEATURES_OK) != 0);
  if (!order_kept) {
    return;
  }
  page_.set_bits(Register::Status, added & (ACKNOWLEDGE | DRIVER | FAILED));
  if ((added & FEATURES_OK) != 0) {
    accept_features();
  }
  if ((added & DRIVER_OK) != 0 && (before & (FAILED | DEVICE_NEEDS_RESET)) == 0) {
    start();
  }
}

void Transport::accept_features() {
  // [virtio-1.2] 2.2.2: "The device SHOULD accept any valid subset of features the driver accepts, otherwise
  // it MUST fail to set the FEATURES_OK device status bit". [virtio-1.2] 6.2: without VERSION_1 it "MAY fail
  // to operate".
  const bool acceptable =
      (driver_features_ & ~offered_features()) == 0 && (driver_features_ & VIRTIO_F_VERSION_1) != 0;
  if (acceptable) {
    page_.set_bits(Register::Status, FEATURES_OK);
  }
}

void Transport::reset() {
  host_.on_loop([this] {
    deactivate();
    show_config();
  });
  driver_features_ = 0;
  driver_features_sel_ = 0;
  page_.store(Register::InterruptStatus, 0);
  write_device_features_sel(0);
  queues_.reset();
  // [virtio-1.2] 2.1.2 and 4.2.2.1: the driver polls for 0, so it comes last.
  page_.store(Register::Status, 0);
}

void Transport::start() {
  host_.on_loop([this] {
    // Set before: a device may answer, or call needs_reset, from within activate().
    page_.set_bits(Register::Status, DRIVER_OK);
    if (Result<void> activated = activate(); !activated) {
      deactivate();
      host_.complain(activated.error().message);
      needs_reset();
    }
  });
}

Result<void> Transport::activate() {
  VirtioDevice::Activation activation{
      .memory = &memory_,
      .features = driver_features_,
      .queues = TRY(queues_.make_queues(memory_, driver_features_, *this)),
      // The device has said why.
      .needs_reset = [this](std::string_view /*reason*/) { needs_reset(); },
  };
  active_ = true;
  return device_.activate(std::move(activation));
}

void Transport::deactivate() {
  if (std::exchange(active_, false)) {
    device_.reset();
  }
}

void Transport::detach() {
  deactivate();
}

void Transport::needs_reset() {
  // [virtio-1.2] 2.1.2: "If DRIVER_OK is set, after it sets DEVICE_NEEDS_RESET, the device MUST send a device
  // configuration change notification to the driver".
  const uint32_t before = page_.set_bits(Register::Status, DEVICE_NEEDS_RESET);
  if ((before & DRIVER_OK) != 0) {
    page_.set_bits(Register::InterruptStatus, kConfigChange);
    host_.interrupt();
  }
}

void Transport::write_config(uint32_t offset, std::span<const std::byte> in) {
  host_.on_loop([this, offset, in] {
    device_.write_config(offset, in);
    show_config();
  });
}

// Copies the device's configuration space to where the driver reads it. On the loop's thread.
void Transport::show_config() {
  std::array<std::byte, kRegisterBytes - kConfigStart> fresh{};
  device_.read_config(0, fresh);
  const std::span<std::byte> shown = page_.config();
  if (std::ranges::equal(fresh, shown)) {
    return;
  }
  // [virtio-1.2] 2.5.2: the generation changes whenever the driver might see parts of an old and of a new
  // state; before and after, so that a reader in between sees a change as well.
  const uint32_t generation = page_.load(Register::ConfigGeneration);
  page_.store(Register::ConfigGeneration, generation + 1);
  std::memcpy(shown.data(), fresh.data(), fresh.size());
  page_.store(Register::ConfigGeneration, generation + 2);
}

}  // namespace caisson::vmm::mmio
