// SPDX-License-Identifier: Apache-2.0
#include "vmm/virtio/vsock/device.h"

#include <algorithm>
#include <array>

namespace caisson::vmm::vsock {

namespace {

constexpr std::array<uint16_t, 3> kQueueSizes{128, 128, 16};

// LIMIT: chains a pump moves before other work of the loop gets its turn.
constexpr size_t kChainsPerRound = 512;
// LIMIT: receive buffers filled by one read. Linux offers 3.7 KiB each: 64 KiB a system call.
constexpr size_t kMaxBatch = 18;

}  // namespace

Device::Device(EventLoop& loop)
    : DeviceBase(loop, kQueueSizes), muxer_(loop, kGuestCid, [this] { take_turn(); }) {}

Device::~Device() {
  on_stop();
}

// [virtio-1.2] 5.10.4: struct virtio_vsock_config { le64 guest_cid }
std::span<const std::byte> Device::config_space() const {
  return std::as_bytes(std::span(&kGuestCid, 1));
}

Result<void> Device::on_activate() {
  if (queue(kReceive) != nullptr && queue(kTransmit) != nullptr) {
    muxer_.open();
  }
  return {};
}

void Device::on_stop() {
  muxer_.close();
}

void Device::on_kick(uint16_t index) {
  // The event queue only ever carries TRANSPORT_RESET, after a restored snapshot [virtio-1.2] 5.10.6.7.
  if (index != kEvent) {
    take_turn();
  }
}

// Moves what can be moved both ways, then tells the driver once. Called for every kick, edge and request; a
// call from within (a handler that connects) is seen by the one that runs.
Result<DeviceBase::Turn> Device::serve() {
  if (queue(kReceive) == nullptr || queue(kTransmit) == nullptr) {
    return Turn::done;
  }
  budget_ = kChainsPerRound;
  const Progress progress = TRY(move_packets());
  queue(kTransmit)->notify();
  queue(kReceive)->notify();
  return progress == Progress::out_of_budget ? Turn::again : Turn::done;
}

Result<Device::Progress> Device::move_packets() {
  while (true) {
    const Progress taken = TRY(take_packets());
    const Progress given = TRY(give_packets());
    // Packets taken make answers, and answers given let more packets be taken. Without receive buffers the
    // driver is to kick first.
    if (given != Progress::done || taken == Progress::done) {
      return given;
    }
    if (taken == Progress::out_of_budget) {
      return taken;
    }
  }
}

// Guest → host.
Result<Device::Progress> Device::take_packets() {
  VirtQueue& queue = *this->queue(kTransmit);
  queue.disable_kicks();
  while (true) {
    // [virtio-1.2] 5.10.6.1: no more packets are taken than can be answered.
    if (!muxer_.can_receive()) {
      return Progress::starved;
    }
    if (budget_ == 0) {
      return Progress::out_of_budget;
    }
    std::optional<Chain> chain = TRY(queue.pop());
    if (!chain) {
      if (!queue.enable_kicks()) {
        return Progress::done;
      }
      continue;
    }
    --budget_;
    const Result<Header> header = parse_header(*chain);
    if (header) {
      slice(chain->readable(), sizeof(Header), header->len, parts_);
      muxer_.receive(*header, parts_);
    }
    queue.push(std::move(*chain), 0);
    if (!header) {
      return tl::unexpected(header.error());
    }
  }
}

// Host → guest.
Result<Device::Progress> Device::give_packets() {
  VirtQueue& queue = *this->queue(kReceive);
  queue.disable_kicks();
  while (muxer_.has_output()) {
    if (budget_ == 0) {
      return Progress::out_of_budget;
    }
    std::optional<Chain> chain = TRY(pop_receive());
    if (!chain) {
      // Only now are kicks wanted: the driver refills long before that, as a rule.
      if (!queue.enable_kicks()) {
        return Progress::starved;
      }
      continue;
    }
    --budget_;
    if (const std::optional<Header> reset = muxer_.next_stray_reset()) {
      give_control(std::move(*chain), *reset);
      continue;
    }
    Connection& connection = *muxer_.next_speaker();
    if (connection.want() == Connection::Want::control) {
      give_control(std::move(*chain), connection.take_control());
    } else {
      give_data(std::move(*chain), connection);
    }
    muxer_.spoken(connection);
  }
  return Progress::done;
}

Result<std::optional<Chain>> Device::pop_receive() {
  VirtQueue& queue = *this->queue(kReceive);
  std::optional<Chain> chain = TRY(queue.pop());
  // [virtio-1.2] 5.10.6.4.1: receive buffers hold a header, and here at least a byte more, or data would
  // never move.
  if (chain && chain->writable_bytes() <= sizeof(Header)) {
    const std::string size = std::to_string(chain->writable_bytes());
    queue.undo_pop(std::move(*chain));
    return fail(EPROTO, "fill vsock receive buffer: " + size + " bytes hold no packet");
  }
  return chain;
}

void Device::give_control(Chain chain, const Header& header) {
  chain.copy_in(0, std::as_bytes(std::span(&header, 1)));
  queue(kReceive)->push(std::move(chain), sizeof(Header));
}

// Reads from the connection's stream into `first` and as many more receive buffers as its last read has
// filled: one system call for what Linux wants in pieces of 3.7 KiB.
void Device::give_data(Chain first, Connection& connection) {
  VirtQueue& queue = *this->queue(kReceive);
  parts_.clear();
  size_t space = 0;
  const size_t credit = connection.credit();
  const auto add = [&](Chain chain) {
    const size_t size = std::min<size_t>(chain.writable_bytes() - sizeof(Header), credit - space);
    append_slice(chain.writable(), sizeof(Header), size, parts_);
    space += size;
    chains_.push_back(std::move(chain));
  };
  add(std::move(first));
  while (chains_.size() < std::min(batch_, budget_ + 1) && space < credit) {
    Result<std::optional<Chain>> chain = pop_receive();
    if (!chain || !*chain) {
      break;  // none left, or a breach: the next turn meets it again
    }
    if (parts_.size() + (*chain)->writable().size() > Chain::kMaxParts) {
      queue.undo_pop(std::move(**chain));
      break;
    }
    add(std::move(**chain));
  }
  size_t left = connection.read_into(parts_);
  batch_ = left == space ? std::min(batch_ * 4, kMaxBatch) : 1;
  size_t used = 0;
  for (; used < chains_.size() && left > 0; ++used) {
    Chain& chain = chains_[used];
    const size_t size = std::min<size_t>(chain.writable_bytes() - sizeof(Header), left);
    const Header header = connection.data_header(static_cast<uint32_t>(size));
    chain.copy_in(0, std::as_bytes(std::span(&header, 1)));
    queue.push(std::move(chain), static_cast<uint32_t>(sizeof(Header) + size));
    left -= size;
  }
  budget_ -= std::min(budget_, used > 0 ? used - 1 : 0);
  // In the order opposite to the popping.
  while (chains_.size() > used) {
    queue.undo_pop(std::move(chains_.back()));
    chains_.pop_back();
  }
  chains_.clear();
}

}  // namespace caisson::vmm::vsock
